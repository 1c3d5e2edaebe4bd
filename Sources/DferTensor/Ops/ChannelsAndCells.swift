/// Operations that treat the channels and the cells of [batch, channels, height, width] apart.
extension Tape {
  /// The mean over all channels of each cell: [batch, channels, height, width] -> [batch, 1, height, width].
  package mutating func meanOfChannels(_ x: Value) -> Value {
    let s = x.shape
    let cells = s[2] * s[3]
    let y = Kernels.meanRows(x.tensor, group: s[1], width: cells, shape: [s[0], 1, s[2], s[3]])
    return record(y, .meanOfChannels, from: x) { dy, adjoints in
      let planes = (0..<s[0] * s[1]).map { $0 / s[1] }
      let spread = Kernels.gatherRows(dy, planes, width: cells, shape: s)
      adjoints.add(Kernels.scale(spread, by: 1 / Float(s[1])), to: x)
    }
  }

  /// x times a factor for each channel times a factor for each cell.
  ///
  /// - Parameters:
  ///   - x: [batch, channels, height, width].
  ///   - channels: [batch, channels].
  ///   - cells: [batch, 1, height, width].
  package mutating func multiplyOuter(_ x: Value, _ channels: Value, _ cells: Value) -> Value {
    let s = x.shape
    precondition(
      channels.shape == [s[0], s[1]] && cells.shape == [s[0], 1, s[2], s[3]],
      "multiplyOuter: factors \(channels.shape) and \(cells.shape) do not fit \(s)")
    let y = Kernels.multiplyOuter(x.tensor, channels.tensor, cells.tensor)
    return record(y, .multiplyOuter, from: x, channels, cells) { dy, adjoints in
      let d = Kernels.multiplyOuterBackward(x.tensor, channels.tensor, cells.tensor, dy)
      adjoints.add(d.x, to: x)
      adjoints.add(d.channels, to: channels)
      adjoints.add(d.cells, to: cells)
    }
  }
}
