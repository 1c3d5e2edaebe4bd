import DferTracking
import Testing

@Suite struct ClipSamplerTests {
  /// Feeds frame times and gives, for each sample, the index of the frame that it reads.
  private func frames(forSamplesOf times: [Double], end: Double, grid: ClipGrid) -> [Int] {
    var sampler = ClipSampler(grid: grid, origin: times[0])
    var result: [Int] = []
    for (index, time) in times.enumerated().dropFirst() {
      result += sampler.samples(before: time).map { _ in index - 1 }
    }
    return result + sampler.samples(untilEnd: end).map { _ in times.count - 1 }
  }

  /// The slow, obvious rule: the frame nearest to the middle, the earlier one when two are equally near.
  private func nearest(_ times: [Double], _ middle: Double) -> Int {
    let shortest = times.map { abs($0 - middle) }.min()!
    return times.firstIndex { abs($0 - middle) <= shortest + 1e-6 }!
  }

  @Test(arguments: [5.0, 10, 24, 25, 29.97, 30, 50, 60, 120])
  func everySampleReadsTheNearestFrame(rate: Double) {
    let grid = ClipGrid(frames: 16, span: 1.6, hop: 0.8)
    for start in [0.0, 0.033, 36_000] {
      let times = (0..<Int(rate * 3.7)).map { start + Double($0) / rate }
      let end = times.last! + 1 / rate
      let found = frames(forSamplesOf: times, end: end, grid: grid)
      let expected = (0..<found.count).map { nearest(times, start + grid.middle(ofSample: $0)) }
      #expect(found == expected)
      // Samples cover the whole segment, and no sample starts behind it.
      #expect(found.count == Int(((end - start) / grid.step - 1e-5).rounded(.up)))
    }
  }

  @Test func varyingFrameRatesAreReadByTime() {
    let grid = ClipGrid(frames: 16, span: 1.6, hop: 0.8)
    let times = (0..<15).map { Double($0) * 0.1 } + (0..<90).map { 1.5 + Double($0) / 60 }
    let found = frames(forSamplesOf: times, end: 3, grid: grid)
    #expect(found == (0..<30).map { nearest(times, grid.middle(ofSample: $0)) })
  }

  @Test func oneFrameHasOneSample() {
    let grid = ClipGrid(frames: 16, span: 1.6, hop: 0.8)
    #expect(frames(forSamplesOf: [0], end: 0.001, grid: grid) == [0])
    #expect(frames(forSamplesOf: [7], end: 7.04, grid: grid) == [0])
  }

  @Test func hopsAreWholeSamples() {
    #expect(ClipGrid(frames: 16, span: 1.6, hop: 0.8).hop == 8)
    #expect(ClipGrid(frames: 16, span: 2.0, hop: 0.8).hop == 6)
    #expect(ClipGrid(frames: 16, span: 1.6, hop: 0.01).hop == 1)
  }

  @Test func framesAreRepeatedEvenly() {
    #expect(ClipSampler.evenly(1, over: 4) == [0, 0, 0, 0])
    #expect(ClipSampler.evenly(3, over: 8) == [0, 0, 0, 1, 1, 1, 2, 2])
    for count in 1...16 {
      let order = ClipSampler.evenly(count, over: 16)
      #expect(Set(order) == Set(0..<count))
      #expect(order == order.sorted())
    }
  }
}
