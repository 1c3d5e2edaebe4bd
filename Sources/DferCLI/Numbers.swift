// Numbers as people read them on a terminal.

/// 95 as "1:35", 3725 as "1:02:05".
func time(_ seconds: Double, tenths: Bool = false) -> String {
  guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
  let total = tenths ? (seconds * 10).rounded() / 10 : seconds.rounded(.down)
  let (hours, minutes) = (Int(total) / 3600, Int(total) / 60 % 60)
  func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
  let rest = two(Int(total) % 60) + (tenths ? ".\(Int((total * 10).rounded()) % 10)" : "")
  return hours > 0 ? "\(hours):\(two(minutes)):\(rest)" : "\(minutes):\(rest)"
}

func oneDecimal(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(abs(tenths) % 10)"
}
