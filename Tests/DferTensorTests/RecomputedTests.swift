import DferTensor
import Testing

struct RecomputedTests {
  /// Two dropped-out layers in a row, each recomputed or not: loss, gradients and what follows must be the same.
  @Test func givesTheSameGradientsAsKeepingEverything() {
    var random = RandomSource(seed: 2)
    var store = ParameterStore()
    let weights = (0..<2).map { index in
      let weight = store.declare("weight\(index)", shape: [6, 6])
      store[weight] = Tensor((0..<36).map { _ in random.normal() }, shape: [6, 6])
      return weight
    }
    let start = Tensor((0..<30).map { _ in random.normal() }, shape: [5, 6])

    func run(recomputed: Bool) -> (loss: Tensor, parameters: [Tensor?], inputs: [Tensor?], random: RandomSource) {
      var tape = Tape(store, recording: true, training: true, random: RandomSource(seed: 11))
      let x = tape.input(start)
      var value = x
      for weight in weights {
        let layer = { (tape: inout Tape, x: [Value]) in
          tape.add(x[0], tape.dropout(tape.gelu(tape.linear(x[0], weight, nil)), rate: 0.3))
        }
        value = recomputed ? tape.recomputed([value], layer) : layer(&tape, [value])
      }
      let loss = tape.meanSquared(value, Value(Tensor(zeros: [5, 6])))
      let after = tape.random
      let gradients = tape.gradients(of: loss, inputs: [x])
      return (loss.tensor, gradients.parameters, gradients.inputs, after)
    }

    let (kept, again) = (run(recomputed: false), run(recomputed: true))
    #expect(kept.loss == again.loss)
    #expect(kept.parameters == again.parameters)
    #expect(kept.inputs == again.inputs)
    #expect(kept.random == again.random)
  }

  @Test func frozenPartsAreNeitherRecordedNorRunAgain() {
    var store = ParameterStore()
    let (first, second) = (store.declare("first", shape: [16, 16]), store.declare("second", shape: [16, 16]))
    let bias = store.declare("bias", shape: [16])
    for parameter in store.parameters { store[parameter].values[3] = 0.5 }
    var tape = Tape(store, recording: true, frozen: [first, bias])
    let x = Value(Tensor([Float](repeating: 0.25, count: 64), shape: [4, 16]))
    let early = tape.recomputed([x]) { tape, x in tape.linearGELU(x[0], first, bias) }
    let late = tape.recomputed([early]) { tape, x in tape.linearGELU(x[0], second, bias) }
    #expect(early.node == nil && late.node != nil)
    let loss = tape.meanSquared(late, Value(Tensor(zeros: [4, 16])))
    let gradients = tape.gradients(of: loss).parameters
    #expect(gradients[0] == nil && gradients[1] != nil && gradients[2] == nil)
  }
}
