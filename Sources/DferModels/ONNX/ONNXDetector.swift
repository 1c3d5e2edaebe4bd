import DferImage
import DferONNX
import DferTensor
import DferTracking
import Foundation
import Synchronization

/// A face detector in an ONNX file, of one of the forms that are known here.
package final class ONNXDetector: FaceDetecting {
  package enum Form: String, Sendable, CaseIterable {
    /// As `dfer model export --detector` writes it.
    case dfer
    /// YuNet of OpenCV Zoo (2023): classes, objects, boxes and points of strides 8, 16 and 32.
    case yunet
  }

  private let session: ONNXSession
  private let form: Form
  /// Of `Form.dfer`: names of the outputs and their strides.
  private let outputs: [(name: String, stride: Int)]
  private let threshold: Float
  private let overlapLimit: Double
  /// Sides of the only image that the network takes; nil: any multiple of 32.
  private let fixedSize: (width: Int, height: Int)?
  private let fault = Mutex<(any Error)?>(nil)

  /// - Throws: `ONNXError` when the file is no detector of that form.
  package init(
    _ path: String, form: Form, on device: ONNXRuntime.Device, of runtime: ONNXRuntime, threshold: Float = 0.55
  ) throws {
    let bytes: Data
    do { bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) } catch {
      throw ONNXError.unreadable(path: path, reason: "there is no such file, or it cannot be read")
    }
    let session = try ONNXSession(bytes, path: path, on: device, of: runtime, threads: Compute.threads)
    (self.session, self.form) = (session, form)
    func list<T: Decodable>(_ key: String, _: T.Type = T.self) -> T? {
      session.metadata(key).flatMap { try? JSONDecoder().decode(T.self, from: Data($0.utf8)) }
    }
    let names: [String]
    switch form {
    case .dfer:
      let (own, strides): ([String], [Int]) = (list("outputs") ?? [], list("strides") ?? [])
      outputs = Array(zip(own, strides))
      names = own
      self.threshold = list("score_threshold") ?? threshold
      overlapLimit = list("nms_iou") ?? 0.4
    case .yunet:
      outputs = []
      names = ["cls", "obj", "bbox", "kps"].flatMap { part in Self.strides.map { "\(part)_\($0)" } }
      self.threshold = threshold
      // As in OpenCV's FaceDetectorYN.
      overlapLimit = 0.3
    }
    let missing = names.filter { name in !session.outputs.contains { $0.name == name } }
    let sizes = session.input.sizes
    fixedSize = sizes.count == 4 ? sizes[3].flatMap { width in sizes[2].map { (width, $0) } } : nil
    guard missing.isEmpty, !names.isEmpty, sizes.count == 4, sizes[1] ?? 3 == 3 else {
      throw ONNXError.unreadable(
        path: path,
        reason: "no detector of form \(form.rawValue): "
          + (missing.isEmpty
            ? "its input is not [batch, 3, height, width], or its metadata names no outputs"
            : "it lacks the outputs \(missing.joined(separator: ", "))"))
    }
  }

  private static let strides = [8, 16, 32]

  /// Why the last image could not be looked at; a detector has no other way to say so.
  package var failure: (any Error)? { fault.withLock { $0 } }

  package func detect(_ image: Image, threshold: Float?) -> [FaceDetection] {
    guard image.width > 0, image.height > 0 else { return [] }
    do {
      let (canvas, scale) = fitted(image)
      let results = try session.run(form == .dfer ? FaceDetector.canvas(canvas) : Self.bytes(canvas))
      var found: [FaceDetection] = []
      switch form {
      case .dfer:
        for output in outputs {
          guard let cells = results[output.name], cells.shape.count == 4, cells.shape[1] == 16 else { continue }
          found += FaceDetector.faces(cells, stride: output.stride, threshold: threshold ?? self.threshold)
        }
      case .yunet: found = yunet(results, width: Self.padded(canvas.width), threshold ?? self.threshold)
      }
      return found.withoutOverlaps(above: overlapLimit).map { $0.scaled(by: 1 / scale, 1 / scale) }
    } catch {
      fault.withLock { if $0 == nil { $0 = error } }
      return []
    }
  }

  /// The image, or one that fits into the only size that the network takes.
  private func fitted(_ image: Image) -> (Image, scale: Double) {
    guard let fixedSize else { return (image, 1) }
    let scale = min(Double(fixedSize.width) / Double(image.width), Double(fixedSize.height) / Double(image.height))
    let size = (max(1, Int(Double(image.width) * scale)), max(1, Int(Double(image.height) * scale)))
    var canvas = Image(width: fixedSize.width, height: fixedSize.height)
    let whole = Rect(x: 0, y: 0, width: Double(image.width), height: Double(image.height))
    let small = image.resampled(whole, width: size.0, height: size.1)
    for row in 0..<small.height {
      let (length, start) = (3 * small.width, 3 * row * canvas.width)
      let line = small.pixels[row * length..<(row + 1) * length]
      canvas.pixels.replaceSubrange(start..<start + length, with: line)
    }
    return (canvas, scale)
  }

  private static func padded(_ side: Int) -> Int { (side + 31) / 32 * 32 }

  /// [1, 3, height, width]: bytes in the order blue, green, red, black below and to the right.
  private static func bytes(_ image: Image) -> Tensor {
    let (width, height) = (padded(image.width), padded(image.height))
    var values = [Float](repeating: 0, count: 3 * width * height)
    for y in 0..<image.height {
      for x in 0..<image.width {
        let pixel = 3 * (y * image.width + x)
        for colour in 0..<3 { values[((2 - colour) * height + y) * width + x] = Float(image.pixels[pixel + colour]) }
      }
    }
    return Tensor(values, shape: [1, 3, height, width])
  }

  /// A face of each cell: the score is the geometric mean of two; the box has its middle and, as a power of e, its sides
  /// in strides; points lie in strides from the cell.
  private func yunet(_ results: [String: Tensor], width: Int, _ threshold: Float) -> [FaceDetection] {
    var faces: [FaceDetection] = []
    for stride in Self.strides {
      guard let classes = results["cls_\(stride)"]?.values, let objects = results["obj_\(stride)"]?.values,
        let boxes = results["bbox_\(stride)"]?.values, let points = results["kps_\(stride)"]?.values,
        objects.count == classes.count, boxes.count == 4 * classes.count, points.count == 10 * classes.count
      else { continue }
      let (columns, size) = (width / stride, Double(stride))
      for cell in classes.indices {
        let score = (min(max(classes[cell], 0), 1) * min(max(objects[cell], 0), 1)).squareRoot()
        guard score > threshold else { continue }
        let (column, row) = (Double(cell % columns), Double(cell / columns))
        func box(_ k: Int) -> Double { Double(boxes[4 * cell + k]) }
        let (w, h) = (exp(min(box(2), 8)) * size, exp(min(box(3), 8)) * size)
        let (x, y) = ((column + box(0)) * size, (row + box(1)) * size)
        faces.append(
          FaceDetection(
            box: Rect(x: x - w / 2, y: y - h / 2, width: w, height: h), score: Double(score),
            points: (0..<5).map {
              Point(
                x: (Double(points[10 * cell + 2 * $0]) + column) * size,
                y: (Double(points[10 * cell + 2 * $0 + 1]) + row) * size)
            }))
      }
    }
    return faces
  }
}
