import DferTraining

extension LabelledSet {
  /// Says so when a person is in both training and validation data.
  func warnOfPeople(alsoIn validation: LabelledSet?) {
    let shared = validation.map(people) ?? []
    guard !shared.isEmpty else { return }
    let names = shared.prefix(5).joined(separator: ", ") + (shared.count > 5 ? ", ..." : "")
    Terminal.write(
      "dfer: warning: \(shared.count) people are in both training and validation data (\(names)): "
        + "all validation figures will be too good\n")
  }
}
