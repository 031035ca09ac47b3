#!/usr/bin/env python3
"""A peer of the switch that shares none of its code: messages by pyiso8583 (PyPI), TLS by Python's ssl.

    pyiso8583_peer.py bank --dialect bcd --folder certs [--port 9000]
    pyiso8583_peer.py acquirer --dialect ascii --port 8583
    pyiso8583_peer.py messages --dialect ebcdic

The bank listens with mutual TLS and prints `listening PORT`, or dials a port twice; it answers until its standard input
ends, and prints what it saw as one line of JSON. The acquirer has one conversation with the switch, prints what it saw, and exits 0 if every answer was
what it must be. The third role prints messages for a comparison of the codecs alone. tests/all/interop.rs puts the switch between the two.
"""

import argparse
import json
import socket
import ssl
import struct
import sys
import threading

import iso8583

# Data element: class, length, is it of variable length. From ISO 8583:1987, and DE55 as practice has it.
FIELDS = {
    2: ("n", 19, True), 3: ("n", 6, False), 4: ("n", 12, False), 7: ("n", 10, False), 11: ("n", 6, False),
    12: ("n", 6, False), 13: ("n", 4, False), 14: ("n", 4, False), 15: ("n", 4, False), 18: ("n", 4, False),
    22: ("n", 3, False), 25: ("n", 2, False), 32: ("n", 11, True), 33: ("n", 11, True), 35: ("z", 37, True),
    37: ("an", 12, False), 38: ("an", 6, False), 39: ("an", 2, False), 41: ("ans", 8, False), 42: ("ans", 15, False),
    43: ("ans", 40, False), 44: ("ans", 25, True), 48: ("ans", 999, True), 49: ("an", 3, False), 52: ("b", 8, False),
    53: ("n", 16, False), 54: ("ans", 120, True), 55: ("b", 255, True), 60: ("ans", 999, True), 70: ("n", 3, False),
    90: ("n", 42, False), 100: ("n", 11, True), 102: ("ans", 28, True), 103: ("ans", 28, True),
}


def spec(dialect):
    """A pyiso8583 specification: all ASCII with a hex bitmap, all EBCDIC or all packed with a raw bitmap."""
    text = {"ascii": "ascii", "ebcdic": "cp500", "bcd": "ascii"}[dialect]
    packed = dialect == "bcd"
    bitmap = {"data_enc": "ascii", "max_len": 16} if dialect == "ascii" else {"data_enc": "b", "max_len": 8}
    fixed = {"len_enc": "ascii", "len_type": 0}
    result = {
        "h": {"data_enc": "b", "max_len": 0, **fixed},
        "t": {"data_enc": "b" if packed else text, "max_len": 2 if packed else 4, **fixed},
        "p": {**bitmap, **fixed},
        "1": {**bitmap, **fixed},
    }
    for field, (kind, length, variable) in FIELDS.items():
        digits = 2 if length < 100 else 3
        entry = {
            "data_enc": "b" if kind == "b" or (packed and kind in "nz") else text,
            "len_enc": "bcd" if packed else text,
            "len_type": 0 if not variable else (digits + 1) // 2 if packed else digits,
            "max_len": length,
        }
        if packed and kind in "nz":
            entry.update(len_count="nibbles", left_pad="0")
        result[str(field)] = entry
    for entry in result.values():
        entry["desc"] = ""
    return result


class Link:
    """One stream of frames: a length of two bytes, big endian, then the message."""

    def __init__(self, stream, dialect):
        self.stream = stream
        self.spec = spec(dialect)
        self.packed = dialect == "bcd"
        self.lock = threading.Lock()

    def send(self, message):
        message = dict(message)
        if self.packed and "35" in message:
            message["35"] = message["35"].replace("=", "D")
        raw, _ = iso8583.encode(message, self.spec)
        with self.lock:
            self.stream.sendall(struct.pack(">H", len(raw)) + raw)

    def receive(self):
        """The next message, or None at the end of the stream."""
        while True:
            header = self.exactly(2)
            if header is None:
                return None
            (length,) = struct.unpack(">H", header)
            if length:
                break
        message, _ = iso8583.decode(self.exactly(length), self.spec)
        message = {key: value for key, value in message.items() if key not in ("h", "p", "1")}
        if "35" in message:
            message["35"] = message["35"].replace("D", "=")
        return message

    def exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                part = self.stream.recv(count - len(data))
            except ConnectionError:
                part = b""
            if not part:
                assert not data, "the stream ends within a frame"
                return None
            data += part
        return data


# --- the bank ---------------------------------------------------------------------------------------------------------

ECHOED = ("2", "3", "4", "7", "11", "12", "13", "32", "37", "41", "42", "49", "102")


class Bank:
    """Approves, but declines what ends in 51 with code 51. Amounts that end in 77 it keeps until it has three, and then
    answers the last first."""

    def __init__(self, dialect):
        self.dialect = dialect
        self.held = []
        self.lock = threading.Lock()
        self.report = {"sign_ons": 0, "echoes": 0, "own_echoes_answered": 0, "payments": [], "errors": []}

    def serve(self, stream):
        link = Link(stream, self.dialect)
        try:
            while (message := link.receive()) is not None:
                self.take(link, message)
        except Exception as error:  # reported, and so a failure of the test
            with self.lock:
                self.report["errors"].append(f"{type(error).__name__}: {error}")

    def take(self, link, message):
        mti = message["t"]
        if mti == "0800":
            self.network(link, message)
        elif mti == "0810":
            good = message["39"] == "00" and message["70"] == "301" and message["11"] == "000777"
            with self.lock:
                self.report["own_echoes_answered"] += good
        elif mti == "0200":
            with self.lock:
                self.report["payments"].append({k: v for k, v in message.items() if k not in ("2", "35", "52")})
                if not message["4"].endswith("77"):
                    ready = [(link, message)]
                else:
                    self.held.append((link, message))
                    ready = self.held[::-1] if len(self.held) == 3 else []
            for link, message in ready:
                link.send(self.answer(message))
        else:
            raise ValueError(f"unexpected MTI {mti}")

    def network(self, link, message):
        kind = {"001": "sign_ons", "301": "echoes", "002": None}[message["70"]]
        answer = {k: v for k, v in message.items() if k in ("7", "11", "70")}
        link.send({**answer, "t": "0810", "39": "00"})
        if kind:
            with self.lock:
                self.report[kind] += 1
        if kind == "sign_ons":
            link.send({"t": "0800", "7": message["7"], "11": "000777", "70": "301"})

    def answer(self, message):
        assert message["43"] == SHOP and message["22"] == "051" and message["18"] == "5999"
        assert message["52"] == "0123456789ABCDEF"
        assert ("55" not in message) or message["55"] == ICC
        answer = {k: v for k, v in message.items() if k in ECHOED}
        declined = message["4"].endswith("51")
        answer.update({"t": "0210", "15": "1124", "39": "51" if declined else "00"})
        if not declined:
            answer["38"] = "A" + message["11"][1:]
        if "55" in message:
            answer["55"] = "8A023030"
        return answer


def secured(args, plain):
    """Mutual TLS: the side that dials shows its client certificate and checks the other's name."""
    dials = args.port is not None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if dials else ssl.PROTOCOL_TLS_SERVER)
    role = "client" if dials else "server"
    context.load_cert_chain(f"{args.folder}/peer-{role}.pem", f"{args.folder}/peer-{role}.key")
    context.load_verify_locations(f"{args.folder}/ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context.wrap_socket(plain, server_side=not dials, server_hostname="switch" if dials else None)


def start(target, *args):
    threading.Thread(target=target, args=args, daemon=True).start()


def bank(args):
    bank = Bank(args.dialect)

    def connection(plain):
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            stream = secured(args, plain)
        except (OSError, ssl.SSLError) as error:
            with bank.lock:
                bank.report["errors"].append(f"TLS: {error}")
            return
        bank.serve(stream)

    def accept():
        while True:
            start(connection, listener.accept()[0])

    if args.port:
        for _ in range(2):
            start(connection, socket.create_connection(("127.0.0.1", args.port)))
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        print(f"listening {listener.getsockname()[1]}", flush=True)
        start(accept)
    sys.stdin.read()
    with bank.lock:
        print(json.dumps(bank.report), flush=True)


# --- the acquirer -----------------------------------------------------------------------------------------------------

SHOP = "CORNER SHOP              LONDON       GB"
ICC = "9F2608AABBCCDDEEFF00119F360200349505008000E000"


def payment(stan, amount, pan="4111111111111111", **more):
    return {
        "t": "0200", "2": pan, "3": "000000", "4": f"{amount:012}", "7": "1123031846", "11": f"{stan:06}",
        "12": "031846", "13": "1123", "14": "2912", "18": "5999", "22": "051", "25": "00", "32": "12345",
        "35": f"{pan}=29126011234567", "37": f"6327030{stan:05}", "41": "TERM0001", "42": "MERCHANT0000001",
        "43": SHOP, "49": "840", "52": "0123456789ABCDEF", **more,
    }


def check(request, answer):
    """What an answer must be, whatever the bank's dialect."""
    wrong = [field for field in ("2", "3", "4", "7", "11", "12", "13", "32", "37", "41", "42", "49")
             if field in answer and answer[field] != request[field]]
    wrong += [field for field in ("3", "4", "7", "11", "37", "39", "41", "42", "49") if field not in answer]
    declined = request["4"].endswith("51")
    expected = {"t": "0210", "39": "51" if declined else "00", "15": "1124"}
    if "55" in request:
        expected["55"] = "8A023030"
    if "102" in request:
        expected["102"] = request["102"]
    wrong += [field for field, value in expected.items() if answer.get(field) != value]
    if ("38" in answer) == declined:
        wrong.append("38")
    return wrong


def acquirer(args):
    stream = socket.create_connection(("127.0.0.1", args.port), timeout=30)
    link = Link(stream, args.dialect)
    conversation = [
        [payment(1, 10000)],
        [payment(2, 20051)],
        [payment(3, 30000, pan="4222222222222")],
        [payment(4, 40000, pan="4000000000000000006", **{"55": ICC})],
        [payment(5, 999999999999, **{"102": "ACCOUNT 12345"})],
        [payment(6, 177), payment(7, 277), payment(8, 377)],
    ]
    answered, wrong = 0, {}
    for requests in conversation:
        waiting = {request["11"]: request for request in requests}
        for request in requests:
            link.send(request)
        while waiting:
            answer = link.receive()
            assert answer is not None, "the switch closed the session"
            request = waiting.pop(answer["11"])
            answered += 1
            if fields := check(request, answer):
                wrong[answer["11"]] = fields
    # No digit in an amount: refused with the field's number, and the session stays up.
    for request in (payment(9, 100, **{"4": "00000001000A"}), payment(10, 100)):
        link.send(request)
        answer = link.receive()
        answered += 1
        bad = request["4"].endswith("A")
        expected = {"t": "0210", "11": request["11"], "39": "30", "44": "004"} if bad else {"39": "00"}
        if fields := [field for field, value in expected.items() if answer.get(field) != value]:
            wrong[answer["11"]] = fields
    print(json.dumps({"answered": answered, "wrong": wrong}), flush=True)
    return 1 if wrong else 0


# --- what the messages look like --------------------------------------------------------------------------------------

def messages(args):
    """The acquirer's messages and a reversal, one line of JSON each: the bytes in hex, and what they mean."""
    link = Link(Printer(), args.dialect)
    original = payment(4, 40000, pan="4000000000000000006", **{"55": ICC, "102": "ACCOUNT 12345"})
    reversal = {k: v for k, v in payment(9, 10000).items() if k not in ("35", "52")}
    reversal.update({"t": "0420", "39": "68", "90": "020000000111230318460000001234500000000000"})
    network = {"t": "0800", "7": "1123031846", "11": "000777", "70": "301"}
    for message in [original, reversal, network] + [payment(stan, stan * 100) for stan in range(10, 16)]:
        link.stream.meaning = message
        link.send(message)


class Printer:
    """A stream that prints the frames sent to it."""

    def sendall(self, frame):
        print(json.dumps({"hex": frame[2:].hex(), "fields": self.meaning}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", choices=["bank", "acquirer", "messages"])
    parser.add_argument("--dialect", choices=["ascii", "bcd", "ebcdic"], required=True)
    parser.add_argument("--folder", help="the bank's certificates: ca.pem, and peer-server or peer-client .pem and .key")
    parser.add_argument("--port", type=int, help="where the switch listens")
    args = parser.parse_args()
    return {"bank": bank, "acquirer": acquirer, "messages": messages}[args.role](args)


if __name__ == "__main__":
    sys.exit(main())
