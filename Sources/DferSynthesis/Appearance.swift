import DferTensor
import Foundation

func sine(_ x: Float) -> Float { Float(sin(Double(x))) }
func cosine(_ x: Float) -> Float { Float(cos(Double(x))) }

/// How a person looks: shape of the head, colours, hair. Drawn once for a clip.
struct Appearance: Sendable {
  /// Of the identity modes.
  var identity: [Float]
  var skin, lips, hair, brow, iris, clothes: Colour
  /// 0...1.
  var browStrength, browThickness, stubble, freckles, gloss: Float
  /// Height where the hair begins in front, mesh units; nil for none.
  var hairline: Float?
  var hairVolume: Float
  var hasLongHair: Bool
  var hasGlasses: Bool
  /// Colour of a mask over mouth and nose.
  var mask: Colour?

  init(modes: Int, masks: Double, random: inout RandomSource) {
    func draw(_ low: Float, _ high: Float) -> Float { low + random.uniform() * (high - low) }
    func chance(_ share: Float) -> Bool { random.uniform() < share }
    let spread = draw(0.75, 1)
    identity = (0..<modes).map { _ in min(2.2, max(-2.2, random.normal())) * spread }
    // Light to dark, as the eye sees them.
    let tones: [(Float, Float, Float)] = [
      (240, 208, 185), (228, 187, 160), (208, 161, 127), (184, 134, 99), (150, 105, 75), (116, 78, 57), (88, 60, 47),
    ]
    let place = draw(0, Float(tones.count) - 1.001) * draw(0.75, 1)
    let (low, high, t) = (tones[Int(place)], tones[Int(place) + 1], place - Float(Int(place)))
    let tone = (low.0 + (high.0 - low.0) * t, low.1 + (high.1 - low.1) * t, low.2 + (high.2 - low.2) * t)
    skin = Colour(srgb: tone.0 * draw(0.95, 1.04), tone.1 * draw(0.96, 1.03), tone.2 * draw(0.94, 1.04))
    let isMadeUp = chance(0.2)
    let red = isMadeUp ? Colour(srgb: draw(130, 190), draw(20, 60), draw(40, 80)) : Colour(srgb: 170, 82, 82)
    lips = skin.mixed(red, isMadeUp ? draw(0.5, 0.85) : draw(0.2, 0.45)) * draw(0.75, 0.95)
    let hairs: [(Float, Float, Float)] = [
      (22, 18, 16), (35, 26, 20), (60, 40, 26), (92, 62, 36), (150, 112, 66), (190, 160, 110), (120, 55, 30),
      (150, 148, 145), (215, 212, 208),
    ]
    // Dark skin rarely goes with light hair.
    let shade = hairs[Int(draw(0, place > 3.5 ? 2.99 : Float(hairs.count) - 0.01))]
    hair = Colour(srgb: shade.0, shade.1, shade.2) * draw(0.8, 1.2)
    brow = hair.mixed(Colour(srgb: 30, 22, 18), draw(0.3, 0.7))
    (browStrength, browThickness) = (draw(0.45, 0.95), draw(0.32, 0.62))
    let isBearded = chance(0.35)
    stubble = isBearded ? draw(0.15, 0.85) : 0
    freckles = draw(0, 1) * draw(0, 1)
    gloss = draw(0.02, 0.16)
    let eyes: [(Float, Float, Float)] = [(48, 30, 20), (70, 45, 28), (90, 80, 50), (80, 105, 120), (95, 115, 90)]
    let eye = eyes[Int(draw(0, place > 3.5 ? 1.99 : Float(eyes.count) - 0.01))]
    iris = Colour(srgb: eye.0, eye.1, eye.2)
    hairline = chance(0.1) ? nil : draw(8.8, 11)
    hairVolume = draw(0.25, 1.4)
    hasLongHair = hairline != nil && !isBearded && chance(0.45)
    hasGlasses = chance(0.2)
    clothes = Colour(draw(0.02, 0.6), draw(0.02, 0.6), draw(0.02, 0.6))
    let cloths: [(Float, Float, Float)] = [(150, 190, 215), (235, 238, 240), (30, 30, 34), (120, 160, 190)]
    let cloth = cloths[Int(random.next() % 4)]
    let isMasked = Double(random.uniform()) < masks
    mask = isMasked ? Colour(srgb: cloth.0, cloth.1, cloth.2) : nil
  }
}
