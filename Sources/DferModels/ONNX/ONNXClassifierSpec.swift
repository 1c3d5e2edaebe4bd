import DferImage
import DferTensor

/// What has to be said of a classifier in an ONNX file: how crops become its input, and what its output means.
package struct ONNXClassifierSpec: Sendable, Hashable {
  package enum Colours: String, Sendable, Hashable, CaseIterable { case rgb, bgr, grey }

  /// The order of the input's axes: n samples, c colours, t frames, h rows, w columns.
  package enum Layout: String, Sendable, Hashable, CaseIterable {
    case nchw, nhwc
    case ncthw, ntchw, nthwc

    package var readsClips: Bool { rawValue.count == 5 }
  }

  package enum Output: String, Sendable, Hashable, CaseIterable { case logits, probabilities }

  /// Names of the classes, in the order of the output.
  package var labels: [String]
  /// Side of an image, in pixels.
  package var size: Int
  /// Frames of a clip.
  package var frames = 16
  package var colours = Colours.rgb
  package var layout = Layout.nchw
  /// What a byte of 255 becomes, before the mean is taken off: 1, or 255 for networks that take bytes.
  package var range: Float = 1
  /// Per colour, in the network's order.
  package var mean: [Float] = [0, 0, 0]
  package var standardDeviation: [Float] = [1, 1, 1]
  package var output = Output.logits
  /// Name of the output; nil: the only one.
  package var outputName: String?
  package var temperature = 1.0
  package var crop = ModelCard.Crop(sideFactor: 1.3)
  package var span = 1.6
  package var hop = 0.8
  package var version = ""
  package var licence = ""

  package init(labels: [String], size: Int) { (self.labels, self.size) = (labels, size) }

  /// Numbers of a pixel.
  package var channels: Int { colours == .grey ? 1 : 3 }

  package var clip: ModelCard.Clip {
    ModelCard.Clip(
      frames: frames, spanSeconds: [span, max(span, 2)], hopSeconds: hop,
      framesPerSecond: [Double(frames) / max(span, 2), Double(frames) / span])
  }

  /// What does not fit together, in words.
  package var faults: [String] {
    var faults: [String] = []
    if mean.count != channels || standardDeviation.count != channels {
      faults.append("input.mean and input.std: not \(channels) numbers each, as \(colours.rawValue) has colours")
    }
    if Set(labels).count != labels.count || labels.count < 2 {
      faults.append("labels: not two or more different names")
    }
    return faults
  }

  /// Images or clips as the network wants them.
  ///
  /// - Parameter samples: each one image, or the frames of one clip.
  package func tensor(_ samples: [[Image]]) -> Tensor {
    let plane = size * size
    let times = layout.readsClips ? frames : 1
    // 256 bytes are all there is to normalise.
    let tables = (0..<channels).map { channel in
      (0..<256).map { (Float($0) / 255 * range - mean[channel]) / standardDeviation[channel] }
    }
    // How far apart neighbours along each axis are.
    let isLast = layout == .nhwc || layout == .nthwc
    let pixelStep = isLast ? channels : 1
    let (channelStep, timeStep) =
      switch layout {
      case .nchw: (plane, 0)
      case .nhwc: (1, 0)
      case .ncthw: (times * plane, plane)
      case .ntchw: (plane, channels * plane)
      case .nthwc: (1, channels * plane)
      }
    var values = [Float](repeating: 0, count: samples.count * times * channels * plane)
    for (number, frames) in samples.enumerated() {
      precondition(frames.count == times, "ONNXClassifierSpec: \(frames.count) frames, not \(times)")
      for (time, image) in frames.enumerated() {
        precondition(image.width == size && image.height == size, "ONNXClassifierSpec: a crop of another size")
        let start = number * times * channels * plane + time * timeStep
        for i in 0..<plane {
          let (r, g, b) = (image.pixels[3 * i], image.pixels[3 * i + 1], image.pixels[3 * i + 2])
          let place = start + i * pixelStep
          switch colours {
          case .grey: values[place] = (Luma.of(r, g, b) / 255 * range - mean[0]) / standardDeviation[0]
          case .rgb, .bgr:
            let ordered = colours == .rgb ? (r, g, b) : (b, g, r)
            values[place] = tables[0][Int(ordered.0)]
            values[place + channelStep] = tables[1][Int(ordered.1)]
            values[place + 2 * channelStep] = tables[2][Int(ordered.2)]
          }
        }
      }
    }
    return Tensor(values, shape: shape(samples.count))
  }

  /// Sizes of the input for so many samples.
  func shape(_ samples: Int) -> [Int] {
    switch layout {
    case .nchw: [samples, channels, size, size]
    case .nhwc: [samples, size, size, channels]
    case .ncthw: [samples, channels, frames, size, size]
    case .ntchw: [samples, frames, channels, size, size]
    case .nthwc: [samples, frames, size, size, channels]
    }
  }
}
