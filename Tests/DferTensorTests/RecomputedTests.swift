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
}
