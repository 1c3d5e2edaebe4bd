import ArgumentParser
import Dfer
import DferImage
import DferVideo

/// How cameras, screens and images are opened.
struct DeviceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Frame size of a camera or screen (see dfer devices).", valueName: "1280x720"),
    transform: Self.size)
  var cameraSize: Size?

  @Option(help: ArgumentHelp("Frames per second of a camera or screen.", valueName: "fps"))
  var cameraRate: Double?

  @Option(help: ArgumentHelp("Pixel format or codec of a camera, such as mjpeg or yuyv422.", valueName: "format"))
  var cameraFormat: String?

  @Option(help: ArgumentHelp("Frames per second of a folder or list of images (default: 25).", valueName: "fps"))
  var imageRate: Double?

  @Option(
    help: ArgumentHelp(
      """
      Read the source as this input format of FFmpeg: lavfi for a filter graph, hls, dash, concat or sdp for a playlist \
      whose name does not say so.
      """, valueName: "format"))
  var inputFormat: String?

  /// Set by `dfer batch`: the source is the path of a file, whatever it looks like.
  @Flag(help: .hidden)
  var fileOnly = false

  func validate() throws {
    guard cameraRate.map({ (0.1...1000).contains($0) }) ?? true else {
      throw ValidationError("--camera-rate must be 0.1 to 1000")
    }
    guard imageRate.map({ (0.01...1000).contains($0) }) ?? true else {
      throw ValidationError("--image-rate must be 0.01 to 1000")
    }
  }

  /// Refuses what does not apply to a source of this kind. Throws `InapplicableOption`.
  func check(_ source: String, isImages: Bool) throws {
    guard imageRate == nil || isImages else {
      throw InapplicableOption("--image-rate", "applies to folders and lists of images only")
    }
    let asked = [
      (cameraSize != nil, "--camera-size"), (cameraRate != nil, "--camera-rate"),
      (cameraFormat != nil, "--camera-format"),
    ].first(where: \.0)?.1
    // Cameras and screens have the name of what opens them in front; a file that is there is one.
    if let asked, isImages || FileStamp(path: source) != nil {
      throw InapplicableOption(asked, "applies to cameras and screens only")
    }
  }

  func set(_ options: inout VideoOptions) {
    options.camera = CaptureRequest(size: cameraSize, rate: cameraRate, format: cameraFormat)
    if let imageRate { options.imageRate = imageRate }
    (options.inputFormat, options.isFileOnly) = (inputFormat, fileOnly)
  }

  private static func size(_ text: String) throws -> Size {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sides.count == 2, sides.allSatisfy({ (1...16384).contains($0) }) else {
      throw ValidationError("not a size like 1280x720")
    }
    return Size(width: sides[0], height: sides[1])
  }
}
