import CKernels
import COpenBLAS
import Synchronization

/// The arithmetic: plain functions from tensors to tensors. Pointers stay inside this folder.
enum Kernels {
  /// Numbers that somebody else keeps alive for the length of a call.
  struct Source: @unchecked Sendable {
    let start: UnsafePointer<Float>

    static func + (source: Source, offset: Int) -> UnsafePointer<Float> { source.start + offset }
  }

  /// Numbers being written. Tasks that share one write to different parts of it.
  struct Target: @unchecked Sendable {
    let start: UnsafeMutablePointer<Float>

    static func + (target: Target, offset: Int) -> UnsafeMutablePointer<Float> { target.start + offset }
  }

  // MARK: Access

  static func read<R>(_ a: Tensor, _ body: (Source) -> R) -> R {
    a.values.withUnsafeBufferPointer { body(Source(start: $0.baseAddress ?? nothing.start)) }
  }

  static func read<R>(_ a: Tensor, _ b: Tensor, _ body: (Source, Source) -> R) -> R {
    read(a) { a in read(b) { b in body(a, b) } }
  }

  static func read<R>(_ a: Tensor, _ b: Tensor, _ c: Tensor, _ body: (Source, Source, Source) -> R) -> R {
    read(a) { a in read(b) { b in read(c) { c in body(a, b, c) } } }
  }

  static func read<R>(_ a: Tensor, _ b: PackedNumbers, _ c: Tensor?, _ body: (Source, Source, Source) -> R) -> R {
    read(a) { a in b.read { b in read(c ?? empty) { c in body(a, b, c) } } }
  }

  static func read<R>(_ a: PackedNumbers, _ b: PackedNumbers, _ c: Tensor?, _ body: (Source, Source, Source) -> R) -> R
  {
    a.read { a in b.read { b in read(c ?? empty) { c in body(a, b, c) } } }
  }

  /// The same with the second in the form that a kernel wants or, without one, as it is.
  static func read<R>(
    _ a: Tensor, _ packed: PackedNumbers?, _ plain: Tensor, _ c: Tensor?, _ body: (Source, Source, Source) -> R
  ) -> R {
    if let packed { return read(a, packed, c, body) }
    return read(a, plain, c ?? empty, body)
  }

  static func write<R>(_ a: inout Tensor, _ body: (Target) -> R) -> R {
    a.values.withUnsafeMutableBufferPointer {
      body(Target(start: $0.baseAddress ?? UnsafeMutablePointer(mutating: nothing.start)))
    }
  }

  /// A tensor whose numbers `fill` writes, every one of them: nothing is zeroed before.
  static func make(_ shape: [Int], _ fill: (Target) -> Void) -> Tensor {
    _ = prepared
    let count = shape.reduce(1, *)
    let values = [Float](unsafeUninitializedCapacity: count) { buffer, written in
      if let start = buffer.baseAddress, count > 0 { fill(Target(start: start)) }
      written = count
    }
    return Tensor(values, shape: shape)
  }

  /// Stands in for the address of an empty array.
  private static let nothing = Source(start: UnsafeMutablePointer<Float>.allocate(capacity: 1))

  // MARK: Threads

  /// Runs `body` for 0 ..< count on up to `Compute.threads` threads, in any order; returns when all have ended.
  static func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
    parallel(count, scratch: 0) { index, _ in body(index) }
  }

  /// The same, where every thread has `scratch` numbers of its own to work in, from the start of a cache line.
  static func parallel(_ count: Int, scratch: Int, _ body: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void) {
    let workers = min(Compute.threads, count)
    let next = Atomic(0)
    let (level, dots) = (ck_forced_level(), ck_forced_dots())
    @Sendable func work() {
      let before = (level: ck_forced_level(), dots: ck_forced_dots())
      ck_force_level(level)
      ck_force_dots(dots)
      defer {
        ck_force_level(before.level)
        ck_force_dots(before.dots)
      }
      let room = alignedRoom(scratch)
      defer { room.deallocate() }
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        body(index, room)
      }
    }
    if workers > 1 {
      ThreadPool.shared.perform(on: workers, work)
    } else {
      work()
    }
  }

  /// How many shares of 0 ..< count there are for the threads, none smaller than `least`.
  static func parts(_ count: Int, least: Int) -> Int { max(1, min(Compute.threads, count / max(least, 1))) }

  /// Runs `body` on equal shares of 0 ..< count, one per thread, none smaller than `least`.
  static func share(_ count: Int, least: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let parts = parts(count, least: least)
    parallel(parts) { part in body(count * part / parts..<count * (part + 1) / parts) }
  }

  /// Element-wise work below this many numbers stays on one thread: starting a second one takes longer.
  static let smallest = 16_384

  // MARK: Matrix product

  /// Once per process, before the first tensor is made.
  private static let prepared: Void = {
    openblas_set_num_threads(1)
    ck_keep_freed_memory()
  }()

  /// The processor family that OpenBLAS chose its kernels for.
  static var blasCore: String { String(cString: openblas_get_corename()) }

  /// c = alpha * a b + beta * c, row-major: a is m x k, b is k x n, c is m x n after a turned one has been transposed.
  static func gemm(
    _ m: Int, _ n: Int, _ k: Int, alpha: Float = 1,
    _ a: UnsafePointer<Float>, _ lda: Int, turnedA ta: Bool = false,
    _ b: UnsafePointer<Float>, _ ldb: Int, turnedB tb: Bool = false,
    beta: Float = 0, _ c: UnsafeMutablePointer<Float>, _ ldc: Int
  ) {
    _ = prepared
    cblas_sgemm(
      CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, blasint(m), blasint(n), blasint(k),
      alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
  }
}
