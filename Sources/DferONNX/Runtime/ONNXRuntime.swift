import COnnxRuntime
import Foundation

/// The ONNX Runtime library of this machine, if there is one. It is loaded when a network asks for it and never needed
/// otherwise.
package struct ONNXRuntime: Sendable {
  package let path: String
  package let version: String
  /// Names of the execution providers that the library was built with, as `CPUExecutionProvider`.
  package let providers: [String]
  let handle: Handle

  /// The library's own state. It lives until the program ends.
  struct Handle: @unchecked Sendable {
    let library: OpaquePointer
  }

  /// What computes.
  package enum Device: String, Sendable, CaseIterable, Codable {
    case cpu, cuda, tensorrt, openvino

    package var provider: String {
      switch self {
      case .cpu: "CPUExecutionProvider"
      case .cuda: "CUDAExecutionProvider"
      case .tensorrt: "TensorrtExecutionProvider"
      case .openvino: "OpenVINOExecutionProvider"
      }
    }

    /// The Python package whose library has it.
    package var package: String {
      switch self {
      case .cpu: "onnxruntime"
      case .cuda, .tensorrt: "onnxruntime-gpu"
      case .openvino: "onnxruntime-openvino"
      }
    }
  }

  /// Loads a library.
  /// - Throws: `ONNXError.noRuntime`.
  package init(library path: String) throws {
    var error = [CChar](repeating: 0, count: 512)
    guard let library = ort_library_open(path, &error, error.count) else {
      throw ONNXError.noRuntime("\(path) cannot be used as ONNX Runtime: \(Self.text(error))")
    }
    self.path = path
    handle = Handle(library: library)
    version = String(cString: ort_library_version(library))
    providers = (0..<ort_library_provider_count(library)).map { String(cString: ort_library_provider(library, $0)) }
  }

  /// Throws when this library cannot compute on a device, with the way to one that can.
  package func check(_ device: Device) throws {
    guard !providers.contains(device.provider) else { return }
    let names = Device.allCases.filter { providers.contains($0.provider) }.map(\.rawValue)
    throw ONNXError.noRuntime(
      "--device \(device.rawValue): ONNX Runtime \(version) at \(path) has no \(device.provider), only "
        + "\(names.joined(separator: ", ")); pip install \(device.package), and name its folder with --onnxruntime")
  }

  static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension ONNXRuntime {
  /// Finds and loads the library: what the user names, else `$DFER_ONNXRUNTIME`, else that of the system, else that of
  /// the active Python environment.
  ///
  /// - Parameter place: a library, or a folder to look in, such as that of pip's package onnxruntime; nil: look around.
  /// - Throws: `ONNXError.noRuntime` with the way to install it.
  package static func find(
    _ place: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> ONNXRuntime {
    if let named = place ?? environment["DFER_ONNXRUNTIME"].flatMap({ $0.isEmpty ? nil : $0 }) {
      guard let library = libraries(in: named).first else {
        throw ONNXError.noRuntime("there is no libonnxruntime.so at \(named); \(advice)")
      }
      return try ONNXRuntime(library: library)
    }
    if let system = try? ONNXRuntime(library: "libonnxruntime.so") { return system }
    let folders = pythonFolders(environment) + systemFolders
    for library in folders.flatMap(libraries) {
      if let runtime = try? ONNXRuntime(library: library) { return runtime }
    }
    throw ONNXError.noRuntime("this needs ONNX Runtime, which is not installed; \(advice)")
  }

  private static let advice =
    "pip install onnxruntime (or apt install libonnxruntime1.21 on Debian 13), then give --onnxruntime the folder that "
    + "holds libonnxruntime.so, or set DFER_ONNXRUNTIME"

  private static let systemFolders = [
    "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib", "/usr/lib64", "/usr/lib",
    "/opt/onnxruntime/lib",
  ]

  /// Where pip puts packages of an active environment (`venv`, conda).
  private static func pythonFolders(_ environment: [String: String]) -> [String] {
    ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap { environment[$0] }.flatMap { root -> [String] in
      let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/lib")) ?? []
      return versions.filter { $0.hasPrefix("python") }.sorted()
        .map { "\(root)/lib/\($0)/site-packages/onnxruntime/capi" }
    }
  }

  /// Libraries at a place: itself, or those of a folder, of pip's package, or of an environment; the newest first.
  static func libraries(in place: String) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder) else { return [] }
    guard isFolder.boolValue else { return [place] }
    let inside = pythonFolders(["VIRTUAL_ENV": place])
    return ([place, "\(place)/capi", "\(place)/lib", "\(place)/onnxruntime/capi"] + inside).flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.filter { $0.hasPrefix("libonnxruntime.so") }.sorted(by: >).map { "\(folder)/\($0)" }
    }
  }
}
