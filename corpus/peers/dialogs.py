#!/usr/bin/env python3
"""A client for servers that have no load generator of their own: dialogs.py PROTOCOL. It talks over one long connection, checks each answer,
and prints what was served every 3 s. Ends when an answer is not the right one."""
import http.client
import json
import os
import socket
import struct
import sys
import time

HOST, PORT = os.environ["HOST"], int(os.environ["PORT"])


class Link:
    """A connection that waits for its server."""

    def __init__(self, tries=600):
        for _ in range(tries):
            try:
                self.socket = socket.create_connection((HOST, PORT), 60)
                break
            except OSError:
                time.sleep(0.5)
        self.stream = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        return self.stream.readline().rstrip(b"\r\n")

    def expect(self, start):
        line = self.line()
        if not line.startswith(start):
            raise SystemExit(f"{line[:200]} instead of {start}")
        return line

    def until(self, mark):
        """Reads up to and with `mark`."""
        text = b""
        while mark not in text:
            more = self.socket.recv(65536)
            if not more:
                raise SystemExit(f"closed after {text[-300:]}")
            text += more
        return text


def nats():
    link = Link()
    link.expect(b"INFO")
    link.send(b'CONNECT {"verbose":false}\r\nSUB a 1\r\n')
    while True:
        link.send((b"PUB a 60\r\n" + b"x" * 60 + b"\r\n") * 50)
        got = 0
        while got < 50:
            line = link.line()
            if line == b"PING":
                link.send(b"PONG\r\n")
            elif line.startswith(b"MSG a 1 60"):
                if link.line() != b"x" * 60:
                    raise SystemExit("not what was published")
                got += 1
        yield got


def beanstalkd():
    link = Link()
    while True:
        link.send(b"put 0 0 60 300\r\n" + b"j" * 300 + b"\r\n")
        link.expect(b"INSERTED")
        link.send(b"reserve\r\n")
        number = link.expect(b"RESERVED").split()[1]
        link.expect(b"j" * 300)
        link.send(b"delete " + number + b"\r\n")
        link.expect(b"DELETED")
        yield 1


def zookeeper():
    def ask(body):
        link.send(struct.pack(">i", len(body)) + body)
        return link.stream.read(struct.unpack(">i", link.stream.read(4))[0])

    def text(data):
        return struct.pack(">i", len(data)) + data
    while True:  # it listens before it serves
        link = Link()
        try:
            ask(struct.pack(">iqiq", 0, 0, 30000, 0) + text(bytes(16)))
            break
        except (struct.error, OSError):
            time.sleep(1)
    acl = struct.pack(">ii", 1, 31) + text(b"world") + text(b"anyone")
    ask(struct.pack(">ii", 1, 1) + text(b"/a") + text(b"first") + acl + struct.pack(">i", 0))
    number = 2
    while True:
        value = b"value %d " % number * 20
        if struct.unpack(">iqi", ask(struct.pack(">ii", number, 5) + text(b"/a") + text(value) + struct.pack(">i", -1))[:16])[2]:
            raise SystemExit("a value was not set")
        if value not in ask(struct.pack(">ii", number + 1, 4) + text(b"/a") + b"\0"):
            raise SystemExit("not what was set")
        number += 2
        yield 2


def irc():
    link = Link()
    link.send(b"NICK load\r\nUSER load 0 * :load\r\n")
    while not (line := link.line()).split()[1:2] == [b"001"]:
        if line.startswith(b"PING"):
            link.send(line.replace(b"PING", b"PONG") + b"\r\n")
    number = 0
    while True:
        number += 1
        link.send(b"PING n%d\r\nPRIVMSG load :m%d\r\n" % (number, number))
        while not link.line().endswith(b"m%d" % number):
            pass
        yield 1


def xmpp():
    link = Link()
    hello = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>"
    link.send(hello)
    link.until(b"</stream:features>")
    link.send(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
    link.until(b"<success")
    link.send(hello)
    link.until(b"</stream:features>")
    link.send(b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
    link.until(b"</iq>")
    number = 0
    while True:
        number += 1
        link.send(b"<iq type='get' id='p%d' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>" % number)
        answer = link.until(b"p%d'" % number)
        if b"type='result'" not in answer:
            raise SystemExit(f"{answer[:200]} instead of a result")
        yield 1


def http_loop(method, path, body, want):
    Link()
    connection, number = http.client.HTTPConnection(HOST, PORT, timeout=60), 0
    while True:
        number += 1
        connection.request(method, path, body(number))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != want:
            raise SystemExit(f"{answer.status} {text[:200]}")
        yield 1


def etcd():
    return http_loop("POST", "/v3/kv/put", lambda n: json.dumps({"key": "a2V5%04d" % (n % 5000), "value": "dmFsdWVz" * 20}), 200)


def influxdb():
    Link()
    connection = http.client.HTTPConnection(HOST, PORT, timeout=60)
    connection.request("POST", "/query?q=CREATE%20DATABASE%20x")
    connection.getresponse().read()
    for number, _ in enumerate(http_loop("POST", "/write?db=x", lambda n: "\n".join(f"m,host=h{i % 40} v={n * i % 977} {n * 1000000 + i}" for i in range(200)), 204)):
        yield 200
        if number % 50 == 0:
            connection.request("GET", "/query?db=x&q=SELECT%20mean(v)%20FROM%20m%20GROUP%20BY%20host")
            answer = connection.getresponse()
            if b"mean" not in answer.read():
                raise SystemExit("no answer to a query")
            yield 1


def amqp():
    import pika
    Link()
    while True:
        try:
            channel = pika.BlockingConnection(pika.ConnectionParameters(HOST, PORT)).channel()
            break
        except pika.exceptions.AMQPError:
            time.sleep(1)
    channel.queue_declare("jobs")
    while True:
        for _ in range(50):
            channel.basic_publish("", "jobs", b"m" * 200)
        got = 0
        while got < 50:
            method, _, body = channel.basic_get("jobs", auto_ack=True)
            got += method is not None and body == b"m" * 200
        yield 50


def syslog():
    link, number = Link(), 0
    while True:
        number += 1
        link.send(b"<13>Jan  1 00:00:00 load app: %s %d\n" % (b"mark" if number % 500 == 0 else b"line", number))
        if number % 100 == 0:
            time.sleep(0.1)
        yield 1


def main():
    served, told = 0, time.time()
    for units in globals()[sys.argv[1]]():
        served += units
        if time.time() - told > 3:
            print("served", served, flush=True)
            served, told = 0, time.time()


main()
