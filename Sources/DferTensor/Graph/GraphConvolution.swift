import CKernels

/// A convolution with its padding counted out.
package struct GraphConvolution: Sendable {
  package let weight: Parameter
  package let bias: Parameter?
  package var stride = 1
  package var dilation = 1
  package var groups = 1
  /// Zeros around the input; of a transposed convolution, what is cut off its output.
  package let top, left, bottom, right: Int
  package var relu = false

  /// - Parameter input: shape of what the convolution reads.
  init(
    _ weight: Parameter, _ bias: Parameter?, _ c: Kernels.Convolution, dilation: Int, padding: Padding, relu: Bool,
    input: [Int]
  ) {
    (self.weight, self.bias, stride, self.dilation, groups) = (weight, bias, c.window.stride, dilation, c.groups)
    func along(_ axis: Int, _ kernel: Int) -> (before: Int, after: Int) {
      padding.along(input[axis], vertical: axis == 2, kernel: kernel, stride: c.window.stride, dilation: dilation)
    }
    (top, bottom) = along(2, c.window.kernel_height)
    (left, right) = along(3, c.window.kernel_width)
    self.relu = relu
  }

  /// Of the convolution that a transposed one is the transpose of.
  init(_ weight: Parameter, _ bias: Parameter?, transposed c: Kernels.Convolution, input: [Int]) {
    (self.weight, self.bias, stride) = (weight, bias, c.window.stride)
    func after(_ axis: Int, _ kernel: Int, _ kept: Int, _ before: Int) -> Int {
      (input[axis] - 1) * c.window.stride + kernel - kept - before
    }
    (top, left) = (c.window.pad_top, c.window.pad_left)
    bottom = after(2, c.window.kernel_height, c.window.height, top)
    right = after(3, c.window.kernel_width, c.window.width, left)
  }
}
