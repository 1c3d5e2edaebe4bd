import Foundation
import NIOCore
import NIOHTTP1

/// One client's connection: answers its requests one after the other, on the server's only thread.
///
/// What waits for a client is never more than the channel's own write buffer: events and files are sent on only while
/// the channel is writable, and images only when asked for. A client that stops reading for 20 seconds is let go of.
final class Connection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    /// Since when no request has come.
    case idle(NIODeadline)
    /// Since when a request's head has been here and its body has not.
    case receiving(NIODeadline)
    case answering
    /// Wants an image with a number above `after`, at the latest at `until`.
    case wantsImage(after: Int, until: NIODeadline)
    /// Gets events; has got all up to number `sent`.
    case events(sent: Int)
    case file(FileHandle, left: Int)
  }

  private let hub: Hub
  private var state = State.idle(.now())
  private var context: ChannelHandlerContext?
  private var request: Request?
  private var bodyBytes = 0
  /// Since when the client has not taken what was written.
  private var stuckSince: NIODeadline?
  private(set) var address = "unknown"

  init(_ hub: Hub) { self.hub = hub }

  // MARK: Channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    address = context.remoteAddress?.ipAddress ?? "unknown"
    if !hub.add(self) { context.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      state = .receiving(.now())
      bodyBytes = 0
      request = Request(head)
    case .body(let part):
      bodyBytes += part.readableBytes
      // Nothing here has a use for a body.
      if bodyBytes > 1024 { context.close(promise: nil) }
    case .end:
      guard let request = self.request.take() else { return }
      state = .answering
      answer(request)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      stuckSince = nil
      pump()
    } else {
      stuckSince = .now()
    }
    context.fireChannelWritabilityChanged()
  }

  private func leave() {
    context = nil
    if case .file(let file, _) = state { try? file.close() }
    state = .answering
    hub.remove(self)
  }

  func close() { context?.close(promise: nil) }

  // MARK: Answers

  private func answer(_ request: Request) {
    guard hub.limiter.allows(address, now: hub.now) else {
      return send(.tooManyRequests, "too many requests\n", headers: [("Retry-After", "1")], to: request)
    }
    switch hub.access.judge(request) {
    case .allowed: break
    case .exchange where request.route == .page:
      let cookie = "\(Access.cookie)=\(hub.access.token ?? ""); HttpOnly; SameSite=Strict; Path=/"
      return send(.seeOther, "", headers: [("Location", "/"), ("Set-Cookie", cookie)], to: request)
    case .exchange: break
    case .tokenMissing:
      // Guessing costs ten times as much as asking.
      _ = hub.limiter.allows(address, cost: 9, now: hub.now)
      return send(
        .unauthorized, "a token is needed: /?token=..., or the header 'Authorization: Bearer ...'\n",
        headers: [("WWW-Authenticate", "Bearer")], to: request)
    case .wrongHost: return send(.forbidden, "this view answers to localhost only\n", to: request)
    case .foreignOrigin: return send(.forbidden, "not from another page\n", to: request)
    }
    guard let route = request.route else { return send(.notFound, "no such page\n", to: request) }
    guard request.method == route.method || (request.isHead && route.method == .GET) else {
      return send(.methodNotAllowed, "", headers: [("Allow", route.method.rawValue)], to: request)
    }
    let board = hub.board
    switch route {
    case .page: send(.ok, LivePage.html(board.info), "text/html; charset=utf-8", to: request)
    case .style: send(.ok, LivePage.style, "text/css; charset=utf-8", to: request)
    case .script: send(.ok, LivePage.script, "text/javascript; charset=utf-8", to: request)
    case .icon: send(.ok, LivePage.icon, "image/svg+xml", to: request)
    case .state:
      let text = "{\"info\":\(LiveJSON.text(board.info)),\"health\":\(LiveJSON.text(board.health))}\n"
      send(.ok, text, "application/json", to: request)
    case .metrics: send(.ok, Metrics.text(board), Metrics.contentType, to: request)
    case .health: sendHealth(to: request)
    case .pause, .resume:
      board.setPaused(route == .pause)
      send(.ok, LiveJSON.text(board.state) + "\n", "application/json", to: request)
    case .image:
      board.wantImages()
      let after = request.query["after"].flatMap { Int($0) } ?? -1
      (keepAlive, isHead) = (request.isKeepAlive, request.isHead)
      state = .wantsImage(after: after, until: .now() + .seconds(10))
      pump()
    case .events: beginEvents(request)
    case .rows: sendRows(request)
    }
  }

  /// Whether the connection outlives the answer that is under way.
  private var keepAlive = true
  /// Whether the answer that is under way has no body.
  private var isHead = false

  private func send(
    _ status: HTTPResponseStatus, _ text: String, _ kind: String = "text/plain; charset=utf-8",
    headers: [(String, String)] = [], to request: Request
  ) {
    send(
      status, ByteBuffer(string: text), kind, headers: headers, keepAlive: request.isKeepAlive, isHead: request.isHead)
  }

  private func send(
    _ status: HTTPResponseStatus, _ body: ByteBuffer, _ kind: String, headers: [(String, String)] = [],
    keepAlive: Bool, isHead: Bool = false
  ) {
    guard let context else { return }
    begin(status, kind, length: body.readableBytes, headers: headers, keepAlive: keepAlive)
    if !isHead && body.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
    end()
  }

  private func begin(
    _ status: HTTPResponseStatus, _ kind: String, length: Int?, headers: [(String, String)] = [], keepAlive: Bool
  ) {
    self.keepAlive = keepAlive
    var all = HTTPHeaders([
      ("Content-Type", kind), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
      ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
      ("Content-Security-Policy", LivePage.policy),
    ])
    if let length { all.add(name: "Content-Length", value: String(length)) }
    if !keepAlive { all.add(name: "Connection", value: "close") }
    for (name, value) in headers { all.add(name: name, value: value) }
    context?.write(
      wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: all))), promise: nil)
  }

  private func end() {
    guard let context else { return }
    state = .idle(.now())
    if keepAlive {
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    } else {
      let channel = context.channel
      context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
  }

  private func sendHealth(to request: Request) {
    let health = hub.board.health
    let word = hub.board.isStalled(health) ? "stalled" : health.state.name.rawValue
    send(hub.board.isWell(health) ? .ok : .serviceUnavailable, word + "\n", to: request)
  }

  // MARK: Answers that take time

  /// Goes on with whatever is under way, as far as the client keeps up. Called when something may have changed.
  func pump() {
    switch state {
    case .idle, .receiving, .answering: break
    case .wantsImage(let after, let until): sendImage(after: after, until: until)
    case .events(let sent): sendEvents(after: sent)
    case .file(let file, let left): sendFile(file, left)
    }
  }

  private func sendImage(after: Int, until: NIODeadline) {
    // Whoever asks for the head alone asks what there is now.
    let until = isHead ? .now() : until
    if let image = hub.board.image, image.number > after || after > image.number + 1 {
      send(
        .ok, ByteBuffer(bytes: image.jpeg), "image/jpeg", headers: [("Dfer-Frame", image.info)],
        keepAlive: keepAlive, isHead: isHead)
    } else if NIODeadline.now() >= until || hub.board.state.name == .ended {
      send(.noContent, ByteBuffer(), "text/plain", keepAlive: keepAlive)
    }
  }

  private func beginEvents(_ request: Request) {
    begin(.ok, "text/event-stream", length: request.isHead ? 0 : nil, keepAlive: false)
    if request.isHead { return end() }
    write("retry: 2000\nevent: hello\ndata: \(LiveJSON.text(hub.board.info))\n\n")
    state = .events(sent: request.header("last-event-id").flatMap { Int($0) } ?? -1)
    pump()
    sendHealthEvent()
  }

  private func sendEvents(after sent: Int) {
    guard let context else { return }
    var sent = sent
    while context.channel.isWritable {
      let (entries, missed) = hub.board.events(after: sent, limit: 32)
      if missed > 0 { write("event: missed\ndata: {\"count\":\(missed)}\n\n") }
      guard let last = entries.last else { break }
      write(entries.map { "id: \($0.id)\nevent: \($0.name)\ndata: \($0.data)\n\n" }.joined())
      sent = last.id
    }
    state = .events(sent: sent)
    context.flush()
  }

  private func sendHealthEvent() {
    guard case .events = state, let context, context.channel.isWritable else { return }
    write("event: health\ndata: \(LiveJSON.text(hub.board.health))\n\n")
    context.flush()
  }

  private func write(_ text: String) {
    context?.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
  }

  private func sendRows(_ request: Request) {
    let name = "attachment; filename=\"dfer-rows.csv\""
    if let path = hub.board.rowsFile, let file = FileHandle(forReadingAtPath: path) {
      // As long as it is now: whole lines are added to the file while this is sent.
      let length = Int((try? file.seekToEnd()) ?? 0)
      try? file.seek(toOffset: 0)
      begin(
        .ok, "text/csv; charset=utf-8", length: length, headers: [("Content-Disposition", name), ("Dfer-Rows", "all")],
        keepAlive: request.isKeepAlive)
      guard !request.isHead else {
        try? file.close()
        return end()
      }
      state = .file(file, left: length)
      return pump()
    }
    let (text, missing) = hub.board.tail
    send(
      .ok, text, "text/csv; charset=utf-8",
      headers: [("Content-Disposition", name), ("Dfer-Rows", missing > 0 ? "without the oldest \(missing)" : "all")],
      to: request)
  }

  private func sendFile(_ file: FileHandle, _ left: Int) {
    guard let context else { return }
    var left = left
    while left > 0 && context.channel.isWritable {
      // Small pieces of a file that was just written: read from memory, so this thread may do it.
      guard let data = try? file.read(upToCount: min(left, 32768)), !data.isEmpty else {
        try? file.close()
        state = .answering
        return context.close(promise: nil)
      }
      left -= data.count
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: data)))), promise: nil)
    }
    context.flush()
    state = .file(file, left: left)
    guard left == 0 else { return }
    try? file.close()
    end()
  }

  // MARK: Time

  /// Once a second: health, and clients that do nothing.
  func tick() {
    let now = NIODeadline.now()
    if let stuckSince, now - stuckSince > .seconds(20) { return close() }
    if case .idle(let since) = state, now - since > .seconds(30) { return close() }
    // Nothing here needs a body, so there is no reason to wait long for one.
    if case .receiving(let since) = state, now - since > .seconds(5) { return close() }
    sendHealthEvent()
    pump()
  }
}
