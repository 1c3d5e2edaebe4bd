import ArgumentParser
import DferImage
import DferVideo

struct Devices: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List cameras and their modes.",
    discussion: """
        dfer devices
        dfer watch v4l2:0 --camera-size 1280x720 --camera-rate 30 --camera-format mjpeg

      By default, dfer uses the largest frame size up to 1280x720 at 24 frames per second or more. Having no camera is \
      not an error.
      """)

  func run() {
    let cameras = Cameras.all()
    if cameras.isEmpty { print("no camera") }
    for line in cameras.flatMap(Self.lines) { print(line) }
  }

  private static func lines(of camera: Camera) -> [String] {
    let access =
      switch camera.access {
      case .free: ""
      case .busy: "  (in use by another program)"
      case .forbidden: "  (no permission; on Linux, the group 'video' has it)"
      case .failed: "  (does not answer)"
      }
    let modes = camera.modes.map { mode in
      let rates = mode.rates.map { $0 == $0.rounded() ? "\(Int($0))" : oneDecimal($0) }.joined(separator: ", ")
      return "  \(mode.format.padded(to: 10)) \("\(mode.size.width)x\(mode.size.height)".padded(to: 11)) "
        + (rates.isEmpty ? "rates not listed" : rates + " fps")
    }
    return ["\(camera.location)  \(camera.name)\(access)"] + modes
  }
}
