import DferImage
import DferTimeline
import DferTracking
import Foundation
import Synchronization

/// What a live view shows: the run's thread writes it, the server's thread reads it.
///
/// It holds the newest image, the newest 1024 events and the newest 5000 rows, whatever happens on either side: no
/// reader can make it grow or make the run wait.
package final class LiveBoard: Sendable {
  /// A JPEG file with what is on it.
  struct EncodedFrame: Sendable {
    let number: Int
    let jpeg: [UInt8]
    /// One line of ASCII JSON: number, time, size, faces.
    let info: String
  }

  struct Rates: Sendable {
    var fpsIn = 0.0
    var fpsProcessed = 0.0
    var fpsDropped = 0.0
  }

  private struct Content: Sendable {
    var state = LiveState(.starting)
    var isPaused = false
    /// Set while the source is gone. It shows even when somebody has asked for a pause.
    var loss: LiveState?
    /// Whether a frame has been looked at.
    var hasRead = false
    var image: EncodedFrame?
    var imageWantedUntil: ContinuousClock.Instant?
    var events = EventLog(capacity: 1024)
    var tail = Ring<String>(capacity: 5000)
    var rowsFile: String?
    var rowsByStatus: [String: Int] = [:]
    var counts = LiveCounts()
    var load: LoadChange
    var retries = 0
    var mediaTime = 0.0
    var newestFrame = ContinuousClock.now
    var rates = Rates()
    var samples: [(at: ContinuousClock.Instant, counts: LiveCounts)] = []
    var viewers = 0
    var onChange: (@Sendable () -> Void)?
  }

  package let info: LiveInfo
  let layout: RowLayout
  private let json: RowJSON
  private let started = ContinuousClock.now
  private let content: Mutex<Content>

  package init(_ info: LiveInfo, layout: RowLayout, detectorEvery: Double) {
    self.info = info
    self.layout = layout
    json = RowJSON(layout)
    content = Mutex(Content(load: LoadChange(seconds: 0, step: 0, detectorEvery: detectorEvery, hop: info.hopS)))
  }

  // MARK: The run's side

  /// Whether somebody looks at images, so that making one is worth while.
  package var wantsImage: Bool {
    content.withLock { $0.image == nil || ($0.imageWantedUntil.map { $0 > .now } ?? false) }
  }

  /// Whether somebody asked the run to wait.
  package var isPaused: Bool { content.withLock { $0.isPaused } }

  package func add(_ row: ClipResult) {
    let (object, line) = (json.text(row), DelimitedWriter.line(row, layout))
    change {
      $0.events.add("row", object)
      $0.tail.add(line)
      $0.rowsByStatus[row.status.rawValue, default: 0] += 1
    }
  }

  /// A new image; `faces` and the size are in pixels of the whole upright frame.
  package func show(jpeg: [UInt8], frame: Int, time: Double, width: Int, height: Int, faces: [TrackedFace]) {
    change {
      let info = FrameInfo(
        number: ($0.image?.number ?? 0) + 1, frame: frame, timeS: time, width: width, height: height,
        faces: faces.map(FrameInfo.Face.init))
      $0.image = EncodedFrame(number: info.number, jpeg: jpeg, info: LiveJSON.text(info))
    }
  }

  /// The run has looked at a frame at `time` seconds.
  ///
  /// - Parameter isLost: whether the source is gone: what is looked at now came before.
  package func update(_ counts: LiveCounts, time: Double, isLost: Bool = false) {
    content.withLock {
      $0.counts = counts
      $0.hasRead = true
      if time > $0.mediaTime || $0.mediaTime == 0 {
        $0.mediaTime = time
        $0.newestFrame = .now
      }
    }
    if !isLost, content.withLock({ $0.state.name == .starting || $0.loss != nil }) { set(LiveState(.reading)) }
  }

  package func update(_ counts: LiveCounts) { content.withLock { $0.counts = counts } }

  package func set(_ load: LoadChange) {
    change {
      $0.load = load
      $0.events.add("pace", LiveJSON.text(load))
    }
  }

  package func set(_ state: LiveState) {
    change {
      if state.name == .lost { $0.retries += 1 }
      $0.loss = state.name == .lost ? state : nil
      // Whoever asked for a pause still wants it when the source comes back.
      let state = state.name == .reading && $0.isPaused ? LiveState(.paused) : state
      guard state != $0.state else { return }
      $0.state = state
      $0.events.add("state", LiveJSON.text(state))
    }
  }

  /// The CSV file that is being written, for downloads; nil: the newest rows are kept here.
  package func setRowsFile(_ path: String?) { content.withLock { $0.rowsFile = path } }

  // MARK: The server's side

  var state: LiveState { content.withLock { $0.state } }
  var image: EncodedFrame? { content.withLock { $0.image } }
  var rowsFile: String? { content.withLock { $0.rowsFile } }

  /// The newest rows as CSV with their header, and how many older ones are not among them.
  var tail: (text: String, missing: Int) {
    let tail = content.withLock { $0.tail }
    let lines = [layout.columns.joined(separator: ",")] + tail.all
    return (lines.joined(separator: "\n") + "\n", tail.total - (lines.count - 1))
  }

  func wantImages() { content.withLock { $0.imageWantedUntil = .now + .seconds(5) } }

  func setPaused(_ isPaused: Bool) {
    change {
      guard $0.state.name != .ended, $0.isPaused != isPaused else { return }
      $0.isPaused = isPaused
      let state = $0.loss ?? LiveState(isPaused ? .paused : $0.hasRead ? .reading : .starting)
      guard state != $0.state else { return }
      $0.state = state
      $0.events.add("state", LiveJSON.text(state))
    }
  }

  func events(after id: Int, limit: Int) -> (entries: [EventLog.Entry], missed: Int) {
    content.withLock { $0.events.after(id, limit: limit) }
  }

  /// Called on any thread whenever an image, an event or the state is new.
  func onChange(_ call: (@Sendable () -> Void)?) { content.withLock { $0.onChange = call } }

  /// Renews the rates; once a second.
  func tick(viewers: Int) {
    content.withLock {
      $0.viewers = viewers
      let now = ContinuousClock.now
      $0.samples.append((now, $0.counts))
      if $0.samples.count > 6 { $0.samples.removeFirst() }
      guard let first = $0.samples.first, now - first.at > .milliseconds(500) else { return }
      let (seconds, counts) = ((now - first.at).inLiveSeconds, $0.counts)
      $0.rates = Rates(
        fpsIn: Double(counts.framesIn - first.counts.framesIn) / seconds,
        fpsProcessed: Double(counts.framesProcessed - first.counts.framesProcessed) / seconds,
        fpsDropped: Double(counts.framesDropped - first.counts.framesDropped) / seconds)
    }
  }

  var health: LiveHealth {
    let memory = ProcessStatistics.now.memoryBytes
    return content.withLock {
      func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
      func thousandths(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
      return LiveHealth(
        state: $0.state, timeS: thousandths($0.mediaTime),
        uptimeS: tenths((ContinuousClock.now - started).inLiveSeconds),
        silenceS: tenths((ContinuousClock.now - $0.newestFrame).inLiveSeconds), fpsIn: tenths($0.rates.fpsIn),
        fpsProcessed: tenths($0.rates.fpsProcessed), fpsDropped: tenths($0.rates.fpsDropped),
        framesIn: $0.counts.framesIn, framesProcessed: $0.counts.framesProcessed,
        framesDropped: $0.counts.framesDropped, rows: $0.tail.total, faces: $0.counts.faces, gaps: $0.counts.gaps,
        retries: $0.retries, latencyMedianSeconds: $0.counts.latencyMedian.map(thousandths),
        latencyP95Seconds: $0.counts.latency95.map(thousandths), paceStep: $0.load.step,
        detectorEveryS: thousandths($0.load.detectorEvery), hopS: thousandths($0.load.hop), viewers: $0.viewers,
        memoryBytes: memory)
    }
  }

  /// Whether a live source that counts as read has given nothing for long.
  func isStalled(_ health: LiveHealth) -> Bool { info.isLive && health.state.name == .reading && health.silenceS > 20 }

  func isWell(_ health: LiveHealth) -> Bool { health.state.name != .lost && !isStalled(health) }

  /// All that `/metrics` tells beside `health`.
  var totals: (counts: LiveCounts, rowsByStatus: [String: Int]) {
    content.withLock { ($0.counts, $0.rowsByStatus) }
  }

  private func change(_ body: (inout Content) -> Void) {
    let call = content.withLock { content in
      body(&content)
      return content.onChange
    }
    call?()
  }
}

/// What is on an image: the `Dfer-Frame` header of `/frame.jpg`.
struct FrameInfo: Codable {
  struct Face: Codable {
    let id: Int
    /// Left, top, width, height.
    let box: [Double]
    /// Eyes, nose tip, mouth corners: x and y of each.
    let points: [[Double]]
    let score: Double

    init(_ face: TrackedFace) {
      func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
      id = face.id
      box = [face.box.x, face.box.y, face.box.width, face.box.height].map(tenths)
      points = face.points.map { [tenths($0.x), tenths($0.y)] }
      score = (face.score * 1000).rounded() / 1000
    }
  }

  let number: Int
  let frame: Int
  let timeS: Double
  let width, height: Int
  let faces: [Face]
}

extension Duration {
  var inLiveSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
