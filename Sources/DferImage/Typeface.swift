import CTypeface
import Foundation
import Synchronization

/// Letters for images: of a font file of the system where there is one, by FreeType, else of strokes.
package struct Typeface: Sendable {
  /// Height of capitals in pixels.
  package let height: Double
  private var strokes: StrokeFont

  /// How much of each pixel a glyph covers, and where it stands from the pen on the baseline.
  private struct Glyph: Sendable {
    var width = 0
    var height = 0
    var left = 0
    var top = 0
    var advance = 0.0
    var cover: [UInt8] = []
  }

  private struct Key: Hashable {
    let scalar: Unicode.Scalar
    let height: Double
  }

  /// Where systems keep a plain sans-serif font, the most readable first.
  private static let places = [
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/truetype/liberation2/LiberationSans-Regular.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf", "/usr/share/fonts/google-noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/liberation-sans/LiberationSans-Regular.ttf", "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/usr/share/fonts/noto/NotoSans-Regular.ttf", "/System/Library/Fonts/Helvetica.ttc",
  ]

  /// Whether a font file was found: `DFER_FONT`, or one of the usual places.
  private static let hasFont: Bool = {
    let named = ProcessInfo.processInfo.environment["DFER_FONT"]
    for path in (named.map { [$0] } ?? []) + places where FileManager.default.fileExists(atPath: path) {
      if unsafe tf_open(path) != 0 { return true }
    }
    return false
  }()

  /// Glyphs are rendered once. The lock also guards the font itself.
  private static let glyphs = Mutex<[Key: Glyph]>([:])

  package init(height: Double) {
    self.height = height
    strokes = StrokeFont(height: height)
  }

  /// Pixels from the top of capitals to the end of descenders.
  package var lineHeight: Double { Self.hasFont ? height * 1.35 : strokes.lineHeight }

  package func width(of text: String) -> Double {
    guard Self.hasFont else { return strokes.width(of: text) }
    return text.unicodeScalars.reduce(0) { $0 + glyph($1).advance }
  }

  /// Draws `text` with the top left of its first capital at `place`.
  package mutating func draw(_ text: String, at place: Point, _ colour: Colour, on image: inout Image) {
    guard Self.hasFont else { return strokes.draw(text, at: place, colour, on: &image) }
    var pen = place.x
    let baseline = Int((place.y + height).rounded())
    for scalar in text.unicodeScalars {
      let glyph = glyph(scalar)
      let left = Int(pen.rounded()) + glyph.left
      for y in 0..<glyph.height {
        for x in 0..<glyph.width {
          let cover = glyph.cover[y * glyph.width + x]
          if cover > 0 { image.blend(colour, left + x, baseline - glyph.top + y, cover: Double(cover) / 255) }
        }
      }
      pen += glyph.advance
    }
  }

  private func glyph(_ scalar: Unicode.Scalar) -> Glyph {
    Self.glyphs.withLock { known in
      let key = Key(scalar: scalar, height: height)
      if let glyph = known[key] { return glyph }
      let rendered = tf_render(scalar.value, height)
      var glyph = Glyph(
        width: Int(rendered.width), height: Int(rendered.height), left: Int(rendered.left), top: Int(rendered.top),
        advance: rendered.advance)
      glyph.cover = (0..<rendered.height).flatMap { y in
        (0..<rendered.width).map { UInt8(clamping: tf_cover($0, y)) }
      }
      known[key] = glyph
      return glyph
    }
  }
}
