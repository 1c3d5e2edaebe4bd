print("dfer")
