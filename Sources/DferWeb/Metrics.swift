/// The run's numbers in the text format that Prometheus reads (version 0.0.4).
enum Metrics {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  static func text(_ board: LiveBoard) -> String {
    let (health, totals, process) = (board.health, board.totals, ProcessStatistics.now)
    var lines: [String] = []
    func add(_ name: String, _ kind: String, _ help: String, _ values: [(labels: String, value: Double)]) {
      guard !values.isEmpty else { return }
      lines.append("# HELP dfer_\(name) \(help)")
      lines.append("# TYPE dfer_\(name) \(kind)")
      for (labels, value) in values { lines.append("dfer_\(name)\(labels) \(number(value))") }
    }
    func add(_ name: String, _ kind: String, _ help: String, _ value: Double) { add(name, kind, help, [("", value)]) }

    add("frames_in_total", "counter", "Frames from the source.", Double(health.framesIn))
    add("frames_processed_total", "counter", "Frames analysed.", Double(health.framesProcessed))
    add("frames_dropped_total", "counter", "Frames dropped.", Double(health.framesDropped))
    add(
      "packets_damaged_total", "counter", "Packets that could not be decoded completely.",
      Double(totals.counts.damagedPackets))
    add("fps_in", "gauge", "Frames per second from the source, over 5 seconds.", health.fpsIn)
    add("fps_processed", "gauge", "Frames per second analysed, over 5 seconds.", health.fpsProcessed)
    add("fps_dropped", "gauge", "Frames per second dropped, over 5 seconds.", health.fpsDropped)
    add(
      "rows_total", "counter", "Rows by status.",
      totals.rowsByStatus.sorted { $0.key < $1.key }.map {
        ("{status=\"\($0.key)\"}", Double($0.value))
      })
    add("detector_runs_total", "counter", "Runs of the face detector.", Double(totals.counts.detectorRuns))
    // Dashboards of 0.1 go on until 0.3.
    add("finder_looks_total", "counter", "Old name of detector_runs_total.", Double(totals.counts.detectorRuns))
    add("clips_total", "counter", "Clips, including gaps.", Double(totals.counts.clips))
    add("faces_total", "counter", "Faces with an id.", Double(health.faces))
    add("gaps_total", "counter", "Gaps in the stream.", Double(health.gaps))
    add("retries_total", "counter", "Attempts to reopen a lost source.", Double(health.retries))
    let quantiles = [("0.5", health.latencyMedianSeconds), ("0.95", health.latencyP95Seconds)]
    add(
      "latency_seconds", "gauge", "Time from a clip's last frame to its written rows.",
      quantiles.compactMap { name, value in
        value.map { ("{quantile=\"\(name)\"}", $0) }
      })
    add(
      "stage_seconds_total", "counter", "Wall time by stage.",
      totals.counts.stageSeconds.map {
        ("{stage=\"\($0.name)\"}", $0.seconds)
      })
    add(
      "pace_step", "gauge", "Load shedding: 0 none, above 0 analysis is too slow and skips work.",
      Double(health.paceStep))
    add("silence_seconds", "gauge", "Since the newest frame.", health.silenceS)
    let isUp = [.reading, .paused].contains(health.state.name) && board.isWell(health)
    add("up", "gauge", "1 while the source is read or paused, and not lost or silent.", isUp ? 1 : 0)
    add("viewers", "gauge", "Open connections of the live view.", Double(health.viewers))
    add("uptime_seconds", "counter", "Since the run began.", health.uptimeS)
    add("process_resident_memory_bytes", "gauge", "Memory in use.", Double(process.memoryBytes))
    add("process_open_fds", "gauge", "Open descriptors.", Double(process.descriptors))
    add("process_threads", "gauge", "Threads.", Double(process.threads))
    return lines.joined(separator: "\n") + "\n"
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }
}
