/// One share of a batch that several machines read together.
package struct Shard: Sendable, Hashable, CustomStringConvertible {
  /// From 0; people write it from 1.
  package let index: Int
  package let count: Int

  package var description: String { "\(index + 1)/\(count)" }

  package init(index: Int, count: Int) {
    precondition(count > 0 && (0..<count).contains(index), "Shard: \(index) of \(count)")
    self.index = index
    self.count = count
  }

  /// Reads `2/8`, `auto` (number and count from the scheduler) or `auto/8` (number from the scheduler).
  /// Throws `BatchError`.
  package init(_ text: String, environment: [String: String]) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let first = parts.first else { throw BatchError.badShard(text: text) }
    let count = parts.count == 2 ? Int(parts[1]) : nil
    if parts.count == 2 && !(count.map { (1...1_000_000).contains($0) } ?? false) {
      throw BatchError.badShard(text: text)
    }
    if first == "auto" {
      guard let task = ArrayTask(environment: environment) else { throw BatchError.noArray }
      self = try task.shard(count: count)
    } else {
      guard let count, let number = Int(first), (1...count).contains(number) else {
        throw BatchError.badShard(text: text)
      }
      self.init(index: number - 1, count: count)
    }
  }

  /// Which of `weights` (seconds of video) are this shard's, in order: longest first, each to the shard with the least so
  /// far. `names` break ties, so every shard finds the same division whatever the order of its inputs.
  package func share(of weights: [Double], names: [String]) -> [Int] {
    precondition(weights.count == names.count, "share: \(weights.count) weights, \(names.count) names")
    var load = [Double](repeating: 0, count: count)
    var mine: [Int] = []
    // By bytes: names that look the same must have an order too.
    let order = weights.indices.sorted { a, b in
      weights[a] == weights[b] ? names[a].utf8.lexicographicallyPrecedes(names[b].utf8) : weights[a] > weights[b]
    }
    for item in order {
      var lightest = 0
      for shard in load.indices where load[shard] < load[lightest] { lightest = shard }
      load[lightest] += weights[item]
      if lightest == index { mine.append(item) }
    }
    return mine.sorted()
  }
}

/// The place of this process in a scheduler's array of tasks.
package struct ArrayTask: Sendable, Hashable {
  package let scheduler: String
  /// The task's number as the scheduler counts.
  package let number: Int
  /// Number of the first task where the scheduler says or fixes it, else nil.
  let first: Int?
  let step: Int
  let count: Int?
  /// What the first task is called when the count is given by hand: 0 where the scheduler fixes it so, else 1.
  let origin: Int
  private let hasHoles: Bool

  /// Finds the first array variable that is set, or nil outside an array.
  package init?(environment: [String: String]) {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    var (first, last, step, count): (Int?, Int?, Int, Int?) = (nil, nil, 1, nil)
    var origin = 1
    if let task = number("SLURM_ARRAY_TASK_ID") {
      (scheduler, self.number) = ("Slurm", task)
      (first, last) = (number("SLURM_ARRAY_TASK_MIN"), number("SLURM_ARRAY_TASK_MAX"))
      (step, count) = (number("SLURM_ARRAY_TASK_STEP") ?? 1, number("SLURM_ARRAY_TASK_COUNT"))
    } else if let task = number("PBS_ARRAY_INDEX") ?? number("PBS_ARRAYID") {
      (scheduler, self.number) = ("PBS", task)
    } else if let task = number("SGE_TASK_ID") {
      (scheduler, self.number) = ("SGE", task)
      (first, last) = (number("SGE_TASK_FIRST"), number("SGE_TASK_LAST"))
      step = number("SGE_TASK_STEPSIZE") ?? 1
    } else if let task = number("LSB_JOBINDEX"), task > 0 {
      // LSF does not say where the array starts; its arrays start at 1 unless someone chose otherwise.
      (scheduler, self.number) = ("LSF", task)
      (first, last, step) = (1, number("LSB_JOBINDEX_END"), number("LSB_JOBINDEX_STEP") ?? 1)
    } else if let task = number("JOB_COMPLETION_INDEX") {
      (scheduler, self.number, origin, first) = ("Kubernetes", task, 0, 0)
    } else if let task = number("AWS_BATCH_JOB_ARRAY_INDEX") {
      (scheduler, self.number, origin, first) = ("AWS Batch", task, 0, 0)
      count = number("AWS_BATCH_JOB_ARRAY_SIZE")
    } else {
      return nil
    }
    self.step = max(1, step)
    let span = first.flatMap { first in last.map { ($0 - first) / max(1, step) + 1 } }
    hasHoles = span != nil && count != nil && span != count
    self.first = first
    self.count = count ?? span
    self.origin = origin
  }

  /// The shard of this task; `count` by hand means that tasks are numbered from the origin without holes, so that a few
  /// of them can be sent again alone.
  package func shard(count given: Int?) throws -> Shard {
    let (index, count): (Int, Int)
    if let given {
      (index, count) = (number - origin, given)
    } else {
      guard let first, let known = self.count, known > 0 else {
        throw BatchError.arrayCountUnknown(scheduler: scheduler)
      }
      guard !hasHoles, (number - first).isMultiple(of: step) else {
        throw BatchError.arrayWithHoles(scheduler: scheduler)
      }
      (index, count) = ((number - first) / step, known)
    }
    guard (0..<count).contains(index) else {
      throw BatchError.arrayIndexOutside(scheduler: scheduler, index: number, count: count)
    }
    return Shard(index: index, count: count)
  }
}
