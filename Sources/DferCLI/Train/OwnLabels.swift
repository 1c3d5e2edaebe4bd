import ArgumentParser
import DferModels
import DferTraining
import Foundation

/// What `dfer train --labels` names.
struct OwnLabels {
  let names: [String]

  /// - Parameter text: names parted by commas.
  init(_ text: String) throws {
    names = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    guard names.count > 1, Set(names).count == names.count,
      names.allSatisfy({ $0.wholeMatch(of: /[a-z0-9_-]+/) != nil })
    else {
      throw ValidationError(
        "--labels \(text): give two or more different names, parted by commas, of lower-case letters, digits, - and _")
    }
  }

  /// - Throws: `ValidationError` when a class has no face; says so when one has very few.
  func check(_ set: LabelledSet) throws {
    let counts = names.indices.map { label in set.clips.count { $0.majority(among: [label]) == label } }
    let none = zip(names, counts).filter { $0.1 == 0 }.map(\.0)
    guard none.isEmpty else {
      throw ValidationError("--labels: no face of the data is labelled \(none.joined(separator: ", "))")
    }
    let few = zip(names, counts).filter { $0.1 < 20 }.map { "\($0.0) (\($0.1))" }
    if !few.isEmpty { Terminal.write("dfer: warning: fewer than 20 faces of \(few.joined(separator: ", "))\n") }
  }
}
