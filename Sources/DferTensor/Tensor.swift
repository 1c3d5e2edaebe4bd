/// A dense array of 32-bit floats in row-major order: a shape and its numbers, with value semantics.
package struct Tensor: Sendable, Equatable {
  package private(set) var shape: [Int]
  package var values: [Float]

  package init(_ values: [Float], shape: [Int]) {
    precondition(
      values.count == shape.reduce(1, *), "Tensor: \(values.count) numbers do not fill shape \(shape)")
    self.values = values
    self.shape = shape
  }

  package init(zeros shape: [Int]) {
    self.init([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape)
  }

  package var count: Int { values.count }
  /// Size of the last dimension; 1 for a scalar.
  package var columns: Int { shape.last ?? 1 }
  /// Everything but the last dimension, multiplied.
  package var rows: Int { columns == 0 ? 0 : count / columns }

  /// The same numbers under another shape of equal size.
  package func reshaped(_ shape: [Int]) -> Tensor {
    Tensor(values, shape: shape)
  }
}
