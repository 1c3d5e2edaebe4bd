/// Writes a number with a fixed count of decimals and a point, in every locale. Not a number is an empty text.
package func fixedDecimal(_ value: Double, places: Int) -> String {
  guard value.isFinite else { return "" }
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  let scaled = (value.magnitude * scale).rounded(.toNearestOrEven)
  guard scaled < 9e18 else { return "\(value)" }
  let whole = UInt64(scaled)
  let unit = UInt64(scale)
  let sign = value < 0 && whole > 0 ? "-" : ""
  guard places > 0 else { return "\(sign)\(whole)" }
  let digits = String(whole % unit)
  return "\(sign)\(whole / unit).\(String(repeating: "0", count: places - digits.count))\(digits)"
}
