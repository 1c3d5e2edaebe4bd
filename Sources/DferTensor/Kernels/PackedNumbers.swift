/// Numbers in the order in which a kernel reads them, from the start of a cache line: an AMX tile that begins in the middle
/// of one takes three to five times as long to load.
final class PackedNumbers: @unchecked Sendable {  // written by whoever makes it, only read afterwards
  private let room: UnsafeMutablePointer<Float>
  let count: Int

  /// - Parameter fill: writes the numbers, every one that will be read.
  init(count: Int, _ fill: (Kernels.Target) -> Void) {
    room = Kernels.alignedRoom(count)
    self.count = count
    fill(Kernels.Target(start: room))
  }

  deinit { room.deallocate() }

  /// The numbers, for as long as `body` runs.
  func read<R>(_ body: (Kernels.Source) -> R) -> R {
    withExtendedLifetime(self) { body(Kernels.Source(start: room)) }
  }
}

extension Kernels {
  /// Room for `count` numbers, from the start of a cache line.
  static func alignedRoom(_ count: Int) -> UnsafeMutablePointer<Float> {
    UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride, alignment: 64)
      .bindMemory(to: Float.self, capacity: max(count, 1))
  }
}
