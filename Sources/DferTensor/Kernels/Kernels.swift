/// The arithmetic: plain functions from tensors to tensors. Pointers stay inside this folder.
enum Kernels {
  /// sum += gradient, element by element.
  static func accumulate(_ gradient: Tensor, into sum: inout Tensor) {
    for i in sum.values.indices { sum.values[i] += gradient.values[i] }
  }
}
