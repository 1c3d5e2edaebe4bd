import Foundation
import Testing

/// Python with packages that read what we write; `$DFER_PYTHON` names another interpreter, such as one of a venv.
package enum Python {
  package static let program =
    ProcessInfo.processInfo.environment["DFER_PYTHON"].map { URL(fileURLWithPath: $0) } ?? Tool.find("python3")

  package static func has(_ module: String) -> Bool {
    guard let program, let result = try? Tool.run(program, ["-c", "import \(module)"]) else { return false }
    return result.status == 0
  }

  /// What `code` prints; the file's path is its `sys.argv[1]`.
  package static func read(_ file: URL, _ code: String) throws -> [String] {
    let result = try Tool.run(#require(program), ["-c", code, file.path], environment: ["PYTHONWARNINGS": "ignore"])
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n").map(String.init)
  }
}

/// ONNX Runtime for tests: `$DFER_ONNXRUNTIME`, else the package of `Python.program`.
package enum RuntimeLibrary {
  package static let path: String? = {
    if let path = ProcessInfo.processInfo.environment["DFER_ONNXRUNTIME"], !path.isEmpty { return path }
    guard let program = Python.program,
      let result = try? Tool.run(
        program, ["-c", "import onnxruntime, os; print(os.path.dirname(onnxruntime.__file__))"]),
      result.status == 0
    else { return nil }
    return result.output.split(separator: "\n").last.map(String.init)
  }()
}
