import ArgumentParser
import Dfer
import DferTensor
import DferImage
import DferVideo
import Foundation

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe a video or weight file.")

  @Argument(
    help: "A video file, URL or camera, or a .safetensors file.", completion: .file(),
    transform: { (try? localPath($0)) ?? $0 })
  var file: String

  func run() throws {
    if file.hasSuffix(".safetensors") {
      for line in try WeightInfo(URL(fileURLWithPath: file)).card { print(line) }
    } else {
      for (name, value) in facts(of: try openVideo(file).info) { print(name.padded(to: 16) + value) }
    }
  }

  private func facts(of info: VideoInfo) -> [(String, String)] {
    [
      ("file", info.location), ("format", info.format),
      ("video stream", "\(info.stream)" + (info.videoStreams.count > 1 ? " of \(info.videoStreams)" : "")),
      ("codec", "\(info.codec), \(info.pixelFormat)"),
      ("stored", "\(info.storedSize.width) x \(info.storedSize.height)"),
      ("upright", "\(info.size.width) x \(info.size.height)"), ("rotation", info.orientation.name),
      ("pixel aspect", "\(info.pixelAspect)"),
      ("frame rate", info.frameRate.map { "\($0) on average, as declared" } ?? "not declared"),
      ("duration", info.duration.map { "\(time($0, tenths: true)) as declared" } ?? "not declared"),
      ("starts at", "\(info.containerStart) s (subtracted from all times)"),
    ]
  }
}

/// What a weight file says of itself.
struct WeightInfo {
  private let url: URL
  private let file: SafetensorsFile

  init(_ url: URL) throws {
    self.url = url
    file = try SafetensorsFile(path: url.path)
  }

  /// The line of a weight file, or of a network in another format, of which only the size is known here.
  static func line(of url: URL) throws -> String {
    guard url.pathExtension == "onnx" else { return try WeightInfo(url).line }
    let size = (try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int) ?? 0
    return "\(url.lastPathComponent)  \(oneDecimal(Double(size) / 1e6)) MB, ONNX"
  }

  /// One line: name, size, parameters, licence.
  var line: String {
    let size = (try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int) ?? 0
    let parameters = file.names.reduce(0) { $0 + (file.shape(of: $1) ?? []).reduce(1, *) }
    return
      "\(url.lastPathComponent)  \(oneDecimal(Double(size) / 1e6)) MB, \(oneDecimal(Double(parameters) / 1e6)) M parameters"
      + (file.metadata["licence"].map { ", licence: \($0)" } ?? "")
  }

  /// The whole card: hash, every metadata entry, and the tensors by part.
  var card: [String] {
    get throws {
      var lines = [line, "sha256".padded(to: 16) + (try SHA256.hex(ofFile: url.path))]
      for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) { lines.append(key.padded(to: 16) + value) }
      var parts: [String: (tensors: Int, numbers: Int)] = [:]
      for name in file.names {
        let part = name.split(separator: ".").first.map(String.init) ?? name
        parts[part, default: (0, 0)].tensors += 1
        parts[part, default: (0, 0)].numbers += (file.shape(of: name) ?? []).reduce(1, *)
      }
      for (part, count) in parts.sorted(by: { $0.key < $1.key }) {
        lines.append(part.padded(to: 16) + "\(count.tensors) tensors, \(count.numbers) numbers")
      }
      return lines
    }
  }
}
