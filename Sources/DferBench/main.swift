print("dfer-bench")
