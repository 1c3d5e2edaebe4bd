/// A plain font made of strokes, so that images can be labelled without any font file. Printable ASCII; everything
/// else is a box.
struct StrokeFont: Sendable {
  /// Height of capitals in pixels.
  let height: Double
  private var masks: [Character: Mask] = [:]

  /// How much of each pixel a glyph covers.
  private struct Mask: Sendable {
    let width, height: Int
    let cover: [Double]
  }

  init(height: Double) { self.height = height }

  /// Pixels from the top of capitals to the end of descenders.
  var lineHeight: Double { unit * 8 }
  /// Strokes are drawn on a grid of 4 by 6 units, capitals from top to baseline; descenders reach 2 units lower.
  private var unit: Double { height / 6 }
  private var thickness: Double { max(1.1, height / 8) }
  private var advance: Double { unit * 5.4 }
  private var border: Double { (thickness / 2).rounded(.up) + 1 }

  func width(of text: String) -> Double { Double(text.count) * advance - (advance - 4 * unit) }

  /// Draws `text` with the top left of its first capital at `place`.
  mutating func draw(_ text: String, at place: Point, _ colour: Colour, on image: inout Image) {
    for (index, character) in text.enumerated() {
      let mask = mask(character)
      let left = Int((place.x + Double(index) * advance - border).rounded())
      let top = Int((place.y - border).rounded())
      for y in 0..<mask.height {
        for x in 0..<mask.width {
          let cover = mask.cover[y * mask.width + x]
          if cover > 0 { image.blend(colour, left + x, top + y, cover: cover) }
        }
      }
    }
  }

  private mutating func mask(_ character: Character) -> Mask {
    if let known = masks[character] { return known }
    let strokes = Self.strokes(character)
    let width = Int((4 * unit + 2 * border).rounded(.up))
    let height = Int((8 * unit + 2 * border).rounded(.up))
    var cover = [Double](repeating: 0, count: width * height)
    for y in 0..<height {
      for x in 0..<width {
        let point = Point(x: Double(x) + 0.5 - border, y: Double(y) + 0.5 - border)
        for stroke in strokes {
          for (from, to) in zip(stroke, stroke.dropFirst()) {
            let distance = Self.distance(
              point, Point(x: from.x * unit, y: from.y * unit), Point(x: to.x * unit, y: to.y * unit))
            cover[y * width + x] = max(cover[y * width + x], min(1, thickness / 2 + 0.5 - distance))
          }
        }
      }
    }
    let mask = Mask(width: width, height: height, cover: cover)
    masks[character] = mask
    return mask
  }

  private static func distance(_ point: Point, _ from: Point, _ to: Point) -> Double {
    let (dx, dy) = (to.x - from.x, to.y - from.y)
    let square = dx * dx + dy * dy
    let along = square > 0 ? min(1, max(0, ((point.x - from.x) * dx + (point.y - from.y) * dy) / square)) : 0
    let (x, y) = (point.x - from.x - along * dx, point.y - from.y - along * dy)
    return (x * x + y * y).squareRoot()
  }

  // MARK: Glyphs

  private static func strokes(_ character: Character) -> [[Point]] {
    let place = character.asciiValue.map { Int($0) - 33 }
    if character == " " { return [] }
    let glyph = place.flatMap { glyphs.indices.contains($0) ? glyphs[$0] : nil } ?? "0040460600"
    return glyph.split(separator: " ").map { stroke in
      let digits = stroke.utf8.map { Double($0) - 48 }
      return stride(from: 0, to: digits.count - 1, by: 2).map { Point(x: digits[$0], y: digits[$0 + 1]) }
    }
  }

  /// From "!" to "~" in the order of ASCII: strokes, each a chain of points of two digits, x and y.
  private static let glyphs = [
    "2024 2626", "1012 3032", "1016 3036 0242 0444", "413010010213334445361605 2026",
    "0640 0010110100 3545463635", "4612112031320405162644", "2022", "30212536", "10212516", "2125 0244 0442",
    "2125 0343", "2517", "1333", "2626", "0640",
    "103041453616050110", "112026 1636", "01103041420646", "0110304142334445361605 2333", "36300444",
    "400002324345361605", "413010010516364544331304", "004016", "13020110304142331304051636454433",
    "051636454130100102133342",
    "2323 2626", "2323 2517", "410345", "0242 0444", "014305", "01103041422324 2626", "3424132232344441301001051646",
    "062046 1434", "06003041423303 3344453606", "4130100105163645", "00304145360600", "40000646 0333", "400006 0333",
    "41301001051636454323", "0006 4046 0343", "1030 2026 1636", "4045361605", "0006 4004 2246", "000646",
    "0600234046", "06004640", "103041453616050110", "06003041423303", "103041453616050110 2446",
    "06003041423303 2346", "413010010213334445361605", "0040 2026", "000516364540", "002640", "0016233640",
    "0046 4006", "002340 2326", "00400646",
    "30202636", "0046", "10202616", "022042", "0747", "1021",
    "12324346 441405163645", "0006 0312324345361605", "4332120305163645", "4046 4332120305163645",
    "04444332120305163645", "40302126 1232", "4332120305163645 4247381807", "0006 0312324346", "2226 2020",
    "32372818 3030", "0006 4204 2346", "202536", "0206 03122326 23324346", "0206 0312324346", "123243453616050312",
    "0208 0312324345361605", "4248 4332120305163645", "0206 04223243", "43321203143445361605", "202536 1232",
    "0205163645 4246", "022642", "0216243642", "0246 4206", "0226 4218", "02420646",
    "30212213242536", "2027", "10212233242516", "04133443",
  ]
}
