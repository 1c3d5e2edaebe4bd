import DferTraining

extension LabelledSet {
  /// Mixes what teachers say of each still into its votes, which takes them minutes.
  mutating func hear(_ teachers: [Teacher], share: Float) throws {
    guard !teachers.isEmpty else { return }
    var terminal = Terminal()
    let interrupt = Interrupt()
    teach(by: teachers, share: share) { done, all in
      terminal.redraw { ["teachers: \(done) of \(all) images"] }
      return !interrupt.isRaised
    }
    if interrupt.isRaised { throw ExitStatus.interrupted }
    interrupt.release()
  }
}
