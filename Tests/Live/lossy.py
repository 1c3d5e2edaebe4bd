"""Passes UDP packets on and loses some: lossy.py FROM_PORT TO_PORT EVERY

Every EVERYth packet is lost, and all of them for a second after each four.
"""

import socket
import sys
import time

source, target, every = map(int, sys.argv[1:4])
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
receiver.bind(("127.0.0.1", source))
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
count, start = 0, None
while True:
    packet = receiver.recv(65536)
    count += 1
    start = start or time.monotonic()
    if count % every and (time.monotonic() - start) % 5 < 4:
        sender.sendto(packet, ("127.0.0.1", target))
