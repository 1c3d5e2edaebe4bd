import DferTraining

extension LabelledSet {
  /// Mixes what the networks of these weight files say of each still into its votes, which takes them minutes.
  mutating func teach(by paths: [String], share: Float) throws {
    guard !paths.isEmpty else { return }
    let teachers = try paths.map(Teacher.init)
    var terminal = Terminal()
    let interrupt = Interrupt()
    teach(by: teachers, share: share) { done, all in
      terminal.redraw { ["teachers: \(done) of \(all) stills"] }
      return !interrupt.isRaised
    }
    if interrupt.isRaised { throw ExitStatus.interrupted }
  }
}
