import DferImage
import DferTensor

/// When an expression is seen in a clip that is made of stills: a face at rest is faded into it and back. Times are in 0...1 of
/// the clip; an episode may begin before it or end behind it.
///
/// Faded faces are not how faces move. They teach the one thing that stills cannot: that a clip is named after what happens
/// in it, not after what most of its frames show.
struct Episode: Sendable, Hashable {
  /// Begins to rise, is there, begins to fall, is gone.
  let start, apex, release, end: Double

  init(random: inout RandomSource) {
    func draw(_ low: Double, _ high: Double) -> Double { low + Double(random.uniform()) * (high - low) }
    let hold = draw(0.15, 0.55)
    // At least a seventh of the clip shows the expression fully.
    apex = draw(0.15 - hold, 0.85)
    release = apex + hold
    (start, end) = (apex - draw(0.06, 0.2), release + draw(0.06, 0.2))
  }

  /// How much of the expression is shown, 0...1.
  func share(at time: Double) -> Double {
    func smooth(_ t: Double) -> Double { t * t * (3 - 2 * t) }
    if time <= start || time >= end { return 0 }
    if time < apex { return smooth((time - start) / (apex - start)) }
    return time <= release ? 1 : smooth((end - time) / (end - release))
  }
}

extension LabelledSet {
  /// Places of the stills that most people called neutral: what episodes come out of.
  package var stillsAtRest: [Int] {
    guard let rest = labels.firstIndex(of: "neutral") else { return [] }
    return clips.indices.filter { clips[$0].images.count == 1 && clips[$0].majority(among: [rest]) == rest }
  }
}

extension LabelledClip {
  /// A clip of a still that comes out of a face at rest and goes back, with the still's labels. Both faces lie where the
  /// still's does. Blendshapes are of moments, so the clip has none.
  func coming(outOf rest: LabelledClip, _ episode: Episode, frames: Int) -> LabelledClip {
    let (image, box, from) = (images[0], boxes[0], rest.boxes[0])
    let (across, down) = (from.width / box.width, from.height / box.height)
    let area = Rect(
      x: from.x - box.x * across, y: from.y - box.y * down, width: Double(image.width) * across,
      height: Double(image.height) * down)
    let calm = rest.images[0].resampled(area, width: image.width, height: image.height)
    let calmPoints = rest.points.first.map { $0.map { Point(x: ($0.x - area.x) / across, y: ($0.y - area.y) / down) } }
    var clip = self
    let shares = (0..<frames).map { episode.share(at: (Double($0) + 0.5) / Double(frames)) }
    clip.images = shares.map { share in
      share == 0 ? calm : share == 1 ? image : calm.faded(into: image, share: share)
    }
    clip.boxes = [Rect](repeating: box, count: frames)
    if let own = points.first, let calmPoints, calmPoints.count == own.count {
      clip.points = shares.map { share in
        zip(calmPoints, own).map { Point(x: $0.x + share * ($1.x - $0.x), y: $0.y + share * ($1.y - $0.y)) }
      }
    } else {
      clip.points = []
    }
    (clip.blendshapes, clip.contour) = ([], [])
    return clip
  }
}

extension Image {
  /// This image with `share` of another one of the same size.
  fileprivate func faded(into other: Image, share: Double) -> Image {
    let weight = Int((256 * share).rounded())
    var result = self
    for i in pixels.indices {
      result.pixels[i] = UInt8((Int(pixels[i]) * (256 - weight) + Int(other.pixels[i]) * weight + 128) >> 8)
    }
    return result
  }
}
