import Testing

@testable import DferVideo

struct TimeRepairTests {
  private func repaired(_ stamps: [Int64?]) -> (times: [Int64], count: Int) {
    var repair = TimeRepair(step: 10, second: 300)
    let times = stamps.map { repair.next($0) }
    return (times, repair.repaired)
  }

  @Test func goodStampsStay() {
    let (times, count) = repaired([5, 15, 18, 1000, 1_000_000])
    #expect(times == [5, 15, 18, 1000, 1_000_000])
    #expect(count == 0)
  }

  @Test func missingStampsFollowTheFrameRate() {
    let (times, count) = repaired([nil, nil, 25, nil])
    #expect(times == [0, 10, 25, 35])
    #expect(count == 3)
  }

  @Test func repeatsAndSmallStepsBackMoveOneTick() {
    let (times, count) = repaired([100, 100, 90, 110])
    #expect(times == [100, 101, 102, 110])
    #expect(count == 2)
  }

  @Test func aNewCountGoesOnFromTheOldOne() {
    let (times, count) = repaired([1000, 1010, 0, 10, 20])
    #expect(times == [1000, 1010, 1020, 1030, 1040])
    #expect(count == 1)
  }

  @Test func anyStampsGiveRisingTimes() {
    var state: UInt32 = 7
    var repair = TimeRepair(step: 10, second: 300)
    var last: Int64?
    for _ in 0..<2000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      let time = repair.next(state >> 29 == 0 ? nil : Int64(state >> 16 & 0x3ff))
      if let last { #expect(time > last) }
      last = time
    }
  }
}
