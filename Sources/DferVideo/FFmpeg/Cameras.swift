import CDevices
import CFFmpeg
import DferImage
import Foundation

/// The cameras of this machine.
package enum Cameras {
  /// The library that reads cameras and screens, where it is not installed; else nil. Loads it.
  package static var missingLibrary: String? {
    dfer_devices_register() != 0 ? nil : String(cString: dfer_devices_library())
  }

  /// Every camera with its modes, also those that are in use or forbidden; empty when there is none. Starts none.
  package static func all() -> [Camera] {
    #if os(Linux)
      let nodes = ((try? FileManager.default.contentsOfDirectory(atPath: "/dev")) ?? [])
        .compactMap { $0.hasPrefix("video") ? Int($0.dropFirst(5)) : nil }.sorted()
      return nodes.compactMap { camera("/dev/video\($0)") }
    #else
      return listedByFFmpeg()
    #endif
  }

  #if os(Linux)
    /// What the driver says of the modes of one camera; empty when it cannot be asked.
    static func modes(of path: String) -> [CameraMode] { camera(path)?.modes ?? [] }

    /// Nil for nodes that are no cameras: drivers make such nodes for metadata.
    private static func camera(_ path: String) -> Camera? {
      let file = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
      guard file >= 0 else {
        let access: Camera.Access =
          switch cameraError(errno, path: path) {
          case .cameraBusy: .busy
          case .cameraForbidden: .forbidden
          default: .failed
          }
        return Camera(location: path, name: "camera", access: access, modes: [])
      }
      defer { close(file) }
      var name = [CChar](repeating: 0, count: 33)
      guard dfer_camera_captures(file, &name) != 0 else { return nil }
      let modes = upToMost { dfer_camera_format(file, $0) }.flatMap { format in
        sizes(file, format).map { size in
          CameraMode(format: CameraFormat.name(format), size: size, rates: rates(file, format, size))
        }
      }
      guard !modes.isEmpty else { return nil }
      return Camera(
        location: path, name: String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
        access: dfer_camera_is_busy(file) != 0 ? .busy : .free, modes: modes)
    }

    /// What a driver lists until it says 0; a driver that never does must not hold us.
    private static func upToMost<Value: Numeric>(_ ask: (UInt32) -> Value) -> [Value] {
      var all: [Value] = []
      for index in 0..<UInt32(256) {
        let value = ask(index)
        guard value != 0 else { break }
        all.append(value)
      }
      return all
    }

    private static func sizes(_ file: Int32, _ format: UInt32) -> [Size] {
      var sizes: [Size] = []
      for index in 0..<UInt32(256) {
        var (width, height): (Int32, Int32) = (0, 0)
        guard dfer_camera_size(file, format, index, &width, &height) != 0 else { break }
        sizes.append(Size(width: Int(width), height: Int(height)))
      }
      return sizes.sorted { $0.width * $0.height > $1.width * $1.height }
    }

    private static func rates(_ file: Int32, _ format: UInt32, _ size: Size) -> [Double] {
      upToMost { dfer_camera_rate(file, format, Int32(size.width), Int32(size.height), $0) }.sorted(by: >)
    }
  #else
    static func modes(of path: String) -> [CameraMode] { [] }

    /// By libavdevice, which says no modes.
    private static func listedByFFmpeg() -> [Camera] {
      guard dfer_devices_register() != 0, let format = av_find_input_format(SourceKind.Device.camera.inputFormat)
      else { return [] }
      var list: UnsafeMutablePointer<AVDeviceInfoList>?
      let found = dfer_devices_list(format, &list)
      defer { dfer_devices_free(&list) }
      guard found > 0, let list else { return [] }
      return (0..<Int(list.pointee.nb_devices)).compactMap { index in
        guard let device = list.pointee.devices[index],
          let path = device.pointee.device_name.map({ String(cString: $0) })
        else { return nil }
        let name = device.pointee.device_description.map { String(cString: $0) } ?? path
        return Camera(location: "avfoundation:" + path, name: name, access: .free, modes: [])
      }
    }
  #endif
}

/// Names of image formats.
enum CameraFormat {
  /// FFmpeg's name for a four-character code of a driver, else the code itself.
  static func name(_ code: UInt32) -> String {
    let text = String(decoding: (0..<4).map { UInt8(code >> ($0 * 8) & 0xFF) }, as: UTF8.self)
      .trimmingCharacters(in: .whitespaces)
    return known[text] ?? text
  }

  private static let known = [
    "MJPG": "mjpeg", "JPEG": "mjpeg", "YUYV": "yuyv422", "UYVY": "uyvy422", "YU12": "yuv420p", "NV12": "nv12",
    "H264": "h264", "RGB3": "rgb24", "BGR3": "bgr24", "GREY": "gray",
  ]
}

/// What a camera that cannot be used says of itself, from the system's error code.
func cameraError(_ code: Int32, path: String) -> VideoError? {
  switch code {
  case ENOENT, ENODEV, ENXIO: .cameraMissing(path: path)
  case EBUSY: .cameraBusy(path: path)
  case EACCES, EPERM: .cameraForbidden(path: path)
  case ENOTTY: .notCamera(path: path)
  default: nil
  }
}
