import DferImage
import DferTensor

/// How images become numbers. Training and inference share this one path.
package struct InputSpec: Sendable, Hashable {
  /// Height and width of a crop, in pixels.
  package let imageSize: Int
  /// Frames of a clip.
  package let frames: Int
  /// Per colour, for values scaled to 0...1.
  package let mean, standardDeviation: [Float]

  package init(imageSize: Int, frames: Int, mean: [Float], standardDeviation: [Float]) {
    precondition(
      mean.count == 3 && standardDeviation.count == 3, "InputSpec: mean and deviation need three numbers each")
    self.imageSize = imageSize
    self.frames = frames
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The same for clips of another length.
  func of(frames: Int) -> InputSpec {
    InputSpec(imageSize: imageSize, frames: frames, mean: mean, standardDeviation: standardDeviation)
  }

  /// Clips of square RGB crops -> [batch, 3, frames, height, width]: bytes over 255, minus the mean, over the deviation.
  package func tensor(_ clips: [[Image]]) -> Tensor {
    let plane = imageSize * imageSize
    // 256 bytes are all there is to normalise.
    let tables = (0..<3).map { colour in (0..<256).map { (Float($0) / 255 - mean[colour]) / standardDeviation[colour] }
    }
    var values = [Float](repeating: 0, count: clips.count * 3 * frames * plane)
    for (c, clip) in clips.enumerated() {
      precondition(clip.count == frames, "InputSpec: a clip of \(clip.count) frames, not \(frames)")
      for (f, image) in clip.enumerated() {
        precondition(
          image.width == imageSize && image.height == imageSize,
          "InputSpec: a crop of \(image.width)x\(image.height), not \(imageSize)x\(imageSize)")
        for colour in 0..<3 {
          let table = tables[colour]
          let start = ((c * 3 + colour) * frames + f) * plane
          for i in 0..<plane { values[start + i] = table[Int(image.pixels[3 * i + colour])] }
        }
      }
    }
    return Tensor(values, shape: [clips.count, 3, frames, imageSize, imageSize])
  }
}
