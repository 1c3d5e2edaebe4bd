import Foundation

/// The command line by its bytes. Swift's strings hold UTF-8 only: in `CommandLine.arguments` the name `M\xFCller.mp4` is
/// another name, which nobody gave.
package struct ArgumentBytes: Sendable {
  package struct Argument: Sendable {
    /// The argument, or how it is written when `isText` is false: "M\xFCller.mp4".
    package let text: String
    package let isText: Bool
    /// Whether something is there under these bytes.
    package let isPath: Bool
  }

  /// The arguments behind the program's name.
  package let arguments: [Argument]

  /// Those of this process.
  package static let ofProcess = ArgumentBytes(
    (0..<Int(CommandLine.argc)).dropFirst().map { index in
      guard let start = CommandLine.unsafeArgv[index] else { return [] }
      return Array(UnsafeRawBufferPointer(start: start, count: strlen(start)))
    })

  package init(_ arguments: [[UInt8]]) {
    self.arguments = arguments.map { bytes in
      let (text, isText) = Folder.text(of: bytes)
      let isPath = (bytes + [0]).withUnsafeBytes { raw in
        access(raw.bindMemory(to: CChar.self).baseAddress!, F_OK) == 0
      }
      return Argument(text: text, isText: isText, isPath: isPath)
    }
  }
}
