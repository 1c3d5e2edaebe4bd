import DferTraining
import Foundation

extension LabelledSet {
  /// What checkpoints and cards say of the data: how many faces, of which files, and who taught them.
  func description(of paths: [String], teachers: [String] = [], share: Float = 0) -> String {
    func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }
    return "\(clips.count) faces of \(paths.map(name).joined(separator: ", "))"
      + (teachers.isEmpty ? "" : "; teacher \(teachers.map(name).joined(separator: ", ")), share \(share)")
  }

  /// Says so when a person is in both training and validation data.
  func warnOfPeople(alsoIn validation: LabelledSet?) {
    let shared = validation.map(people) ?? []
    guard !shared.isEmpty else { return }
    let names = shared.prefix(5).joined(separator: ", ") + (shared.count > 5 ? ", ..." : "")
    Terminal.write(
      "dfer: warning: \(shared.count) people are in both training and validation data (\(names)): "
        + "validation results will be too optimistic\n")
  }
}
