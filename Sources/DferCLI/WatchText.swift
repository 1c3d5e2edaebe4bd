import Dfer
import DferTimeline
import DferVideo

/// What `dfer watch` says of a source, of a row, and of a run that is too slow.
enum WatchText {
  static func title(_ info: VideoInfo, pipeline: String) -> String {
    let rate = info.frameRate.map { ", \(oneDecimal($0)) fps" } ?? ""
    return "\(info.location)  \(info.size.width)x\(info.size.height)\(rate), \(info.codec)  ·  \(pipeline)"
  }

  static func line(_ row: ClipResult, labels: [String]) -> String {
    let when = "\(time(row.startSeconds, tenths: true))-\(time(row.endSeconds, tenths: true))"
    guard let id = row.faceID, let best = row.best(labels) else {
      return "\(when)  \(row.status.rawValue)"
    }
    let note = row.status == .ok ? "" : "  (\(row.status.rawValue))"
    let label = best.label + (Doubt.isDoubtful(Double(best.confidence)) ? "?" : "")
    return "\(when)  face \(id)  \(label.padded(to: 10)) \(Int((best.confidence * 100).rounded())) %\(note)"
  }

  static func line(_ load: LoadChange) -> String {
    let what = load.step == 0 ? "quick enough again" : "too slow for this source, looking less closely"
    return
      "\(time(load.seconds))  \(what): face detector every \(oneDecimal(load.detectorEvery)) s, a clip every \(oneDecimal(load.hop)) s"
  }
}
