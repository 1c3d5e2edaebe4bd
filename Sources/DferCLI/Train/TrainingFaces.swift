import DferTraining

/// The faces of `dfer train clips` and `dfer train images`: read, told of on the terminal, and labelled by teachers.
struct TrainingFaces {
  let files: TrainingFiles
  let transfer: TransferOptions
  let distillation: DistillationOptions
  /// One file of faces: its path, and of how many faces each one is taken.
  let open: (_ path: String, _ every: Int) throws -> LabelledSet

  /// The faces that are learned from.
  ///
  /// - Parameters:
  ///   - labels: the classes of the network.
  ///   - own: classes of the user, which the data must have.
  func taught(labels: [String], own: OwnLabels?) throws -> LabelledSet {
    // Teachers first: what is wrong with their files is cheap to find.
    let teachers = try distillation.teacher.map(Teacher.init)
    var set = try transfer.read(files.data, labels: labels) { try read($0, every: files.subsample) }
    try own?.check(set)
    try set.hear(teachers, share: distillation.teacherWeight)
    return set
  }

  /// The faces that decide which weights are kept; nil without `--valid`.
  func validation() throws -> LabelledSet? { try files.valid.map { try read($0, every: files.validSubsample) } }

  private func read(_ path: String, every: Int) throws -> LabelledSet {
    let set = try open(path, every)
    for line in set.skipped { Terminal.write("dfer: \(line)\n") }
    Terminal.write("\(set.clips.count) faces of \(path)\n")
    return set
  }
}
