import CKernels

extension Kernels {
  /// Row y[i] = x[rows[i]], rows of `width` numbers.
  static func gatherRows(_ x: Tensor, _ rows: [Int], width: Int, shape: [Int]) -> Tensor {
    read(x) { x in
      make(shape) { y in
        for (i, row) in rows.enumerated() { (y + i * width).update(from: x + row * width, count: width) }
      }
    }
  }

  /// The transpose: adds row i of x to row rows[i] of zeros.
  static func scatterRows(_ x: Tensor, _ rows: [Int], width: Int, shape: [Int]) -> Tensor {
    var y = Tensor(zeros: shape)
    read(x) { x in
      write(&y) { y in
        if width == 1 {
          for (i, row) in rows.enumerated() { y.start[row] += x.start[i] }
        } else {
          for (i, row) in rows.enumerated() { ck_accumulate(y + row * width, x + i * width, width) }
        }
      }
    }
    return y
  }

  /// Of x seen as `outer` rows, the numbers `part` of each.
  static func gatherPart(_ x: Tensor, outer: Int, _ part: Range<Int>, shape: [Int]) -> Tensor {
    let size = x.count / max(1, outer)
    return read(x) { x in
      make(shape) { y in
        for row in 0..<outer {
          (y + row * part.count).update(from: x + (row * size + part.lowerBound), count: part.count)
        }
      }
    }
  }

  /// The transpose: x back in its place among zeros.
  static func scatterPart(_ x: Tensor, outer: Int, _ part: Range<Int>, shape: [Int]) -> Tensor {
    var y = Tensor(zeros: shape)
    let size = y.count / max(1, outer)
    read(x) { x in
      write(&y) { y in
        for row in 0..<outer {
          (y + (row * size + part.lowerBound)).update(from: x + row * part.count, count: part.count)
        }
      }
    }
    return y
  }

  /// Tensors seen as `outer` rows each, joined row by row.
  static func concat(_ parts: [Tensor], outer: Int, shape: [Int]) -> Tensor {
    let total = shape.reduce(1, *) / max(1, outer)
    return make(shape) { y in
      var start = 0
      for part in parts {
        let size = part.count / max(1, outer)
        read(part) { x in
          for row in 0..<outer { (y + (row * total + start)).update(from: x + row * size, count: size) }
        }
        start += size
      }
    }
  }

  /// Means of `group` consecutive rows.
  static func meanRows(_ x: Tensor, group: Int, width: Int, shape: [Int]) -> Tensor {
    var y = Tensor(zeros: shape)
    let groups = y.count / max(1, width)
    read(x) { x in
      write(&y) { y in
        for row in 0..<groups { ck_sum_rows(x + row * group * width, y + row * width, group, width) }
        ck_scale(y.start, 1 / Float(group), y.start, groups * width)
      }
    }
    return y
  }

  /// The patches of a clip as rows, for `tubelets(of:tubelet:patch:)`.
  static func tubelets(_ clip: Tensor, tubelet: Int, patch: Int) -> Tensor {
    let cut = Patches(clip.shape, tubelet: tubelet, patch: patch)
    return read(clip) { clip in
      make([cut.batch, cut.tokens, cut.size]) { rows in
        parallel(cut.batch * cut.slabs) { slab in
          cut.lines(ofSlab: slab) { (rows + $1).update(from: clip + $0, count: patch) }
        }
      }
    }
  }

  /// The transpose: rows back to a clip.
  static func untubelets(_ rows: Tensor, tubelet: Int, patch: Int, shape: [Int]) -> Tensor {
    let cut = Patches(shape, tubelet: tubelet, patch: patch)
    return read(rows) { rows in
      make(shape) { clip in
        parallel(cut.batch * cut.slabs) { slab in
          cut.lines(ofSlab: slab) { (clip + $0).update(from: rows + $1, count: patch) }
        }
      }
    }
  }

  /// Where the lines of patches lie in a clip [batch, channels, frames, height, width] and in the rows of its patches.
  private struct Patches: Sendable {
    let batch, channels, frames, height, width, tubelet, patch: Int

    init(_ shape: [Int], tubelet: Int, patch: Int) {
      (batch, channels, frames, height, width) = (shape[0], shape[1], shape[2], shape[3], shape[4])
      (self.tubelet, self.patch) = (tubelet, patch)
    }

    /// Slabs of `tubelet` frames, tokens, and numbers of a token.
    var slabs: Int { frames / tubelet }
    var slabTokens: Int { (height / patch) * (width / patch) }
    var tokens: Int { slabs * slabTokens }
    var size: Int { channels * tubelet * patch * patch }

    /// Visits all lines of one slab of one sample, with their places in the clip and in the rows.
    func lines(ofSlab index: Int, _ body: (_ clip: Int, _ row: Int) -> Void) {
      let (sample, slab) = index.quotientAndRemainder(dividingBy: slabs)
      var place = index * slabTokens * size
      for y in 0..<height / patch {
        for x in 0..<width / patch {
          for channel in 0..<channels {
            for t in 0..<tubelet {
              let frame = (sample * channels + channel) * frames + slab * tubelet + t
              for line in 0..<patch {
                body((frame * height + y * patch + line) * width + x * patch, place)
                place += patch
              }
            }
          }
        }
      }
    }
  }
}
