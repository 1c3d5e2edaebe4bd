import ArgumentParser
import DferImage
import DferVideo

/// How cameras, screens and images are opened.
struct DeviceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Picture size of a camera or screen (see dfer devices).", valueName: "1280x720"),
    transform: Self.size)
  var cameraSize: Size?

  @Option(help: "Frames a second of a camera or screen.")
  var cameraRate: Double?

  @Option(help: "Pixel format or codec of a camera, like mjpeg or yuyv422.")
  var cameraFormat: String?

  @Option(help: "Frames a second of a folder or list of pictures.")
  var pictureRate = 25.0

  func validate() throws {
    guard cameraRate.map({ (0.1...1000).contains($0) }) ?? true else {
      throw ValidationError("--camera-rate must be 0.1 to 1000")
    }
    guard (0.01...1000).contains(pictureRate) else { throw ValidationError("--picture-rate must be 0.01 to 1000") }
  }

  func set(_ options: inout VideoOptions) {
    options.camera = CaptureRequest(size: cameraSize, rate: cameraRate, format: cameraFormat)
    options.pictureRate = pictureRate
  }

  private static func size(_ text: String) throws -> Size {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sides.count == 2, sides.allSatisfy({ (1...16384).contains($0) }) else {
      throw ValidationError("it must be like 1280x720")
    }
    return Size(width: sides[0], height: sides[1])
  }
}
