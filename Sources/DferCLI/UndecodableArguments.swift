import ArgumentParser
import Dfer
import DferVideo

/// Arguments that are not UTF-8 and so cannot be handed on as text. A batch fails such videos by name and reads the
/// others; everything else is refused before anything is done, so that nothing is written under a name that nobody gave.
struct UndecodableArguments {
  /// The arguments that are text.
  let rest: [String]
  /// Inputs of a batch that are none.
  let leftOut: [LeftOut]

  /// Those of this process.
  static let ofProcess = Result { try UndecodableArguments(.ofProcess, folder: Folder.current) }

  /// - Parameter folder: the one that relative paths start from.
  /// - Throws: `VideoError` for a file whose name is no text, `ValidationError` for anything else that is none.
  init(_ bytes: ArgumentBytes, folder: (text: String, isText: Bool)?) throws {
    let arguments = bytes.arguments
    var (rest, leftOut): ([String], [LeftOut]) = ([], [])
    for (place, argument) in arguments.enumerated() {
      guard !argument.isText else {
        rest.append(argument.text)
        continue
      }
      // The value of an option is no input; which options take one is not known yet.
      let isInput = arguments[0].text == "batch" && place > 0 && !arguments[place - 1].text.hasPrefix("-")
      if argument.isPath, isInput {
        leftOut.append(LeftOut(path: argument.text, reason: LeftOut.nameNotText, isFailure: true))
      } else if argument.isPath {
        throw VideoError.nameNotText(path: argument.text)
      } else {
        throw ValidationError("'\(argument.text)' is not UTF-8, as names of files must be")
      }
    }
    let asksForHelp = rest.isEmpty || rest.contains { ["--help", "-h", "--version", "help"].contains($0) }
    if let folder, !folder.isText, !asksForHelp {
      throw ValidationError(
        "the name of the current folder is not UTF-8 (\(folder.text)): rename it, or work in another")
    }
    (self.rest, self.leftOut) = (rest, leftOut)
  }
}
