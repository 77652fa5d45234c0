"""The JSON-RPC door and the event stream, driven by a WebSocket client from another project."""

import asyncio
import http.client
import json

import harness
import websockets

PATIENCE_S = 20


class Rpc:
    def __init__(self, socket):
        self.socket = socket
        self.next_id = 0

    async def receive(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE_S))

    async def call(self, method, params=None):
        """The answer to one request; nothing else may come in between."""
        self.next_id += 1
        request = {"jsonrpc": "2.0", "id": self.next_id, "method": method}
        if params is not None:
            request["params"] = params
        await self.socket.send(json.dumps(request))
        answer = await self.receive()
        assert answer["id"] == self.next_id, answer
        return answer


class ControlRpc(harness.Case):
    async def connect(self, server, **more):
        socket = await websockets.connect(f"{server.ws_url}/control", **more)
        self.addAsyncCleanup(socket.close)
        return Rpc(socket)

    async def test_starts_and_stops_a_camera_and_tells_of_it(self):
        server = self.start_streamd()
        camera = harness.Camera(server, "door")
        await camera.connect()
        self.addAsyncCleanup(camera.close)
        await server.wait_cameras("door")
        caller = await self.connect(server)
        listener = await self.connect(server)
        subscribed = await listener.call("events.subscribe", {"types": ["camera.st*", "session.*"]})
        self.assertGreater(subscribed["result"]["last_id"], 0)

        start = asyncio.create_task(caller.call("capture.start", {"fps": 15}))
        command = await camera.command("start_capture")
        self.assertEqual(command["payload"]["fps"], 15)
        await camera.capture_started()
        started = (await start)["result"]
        self.assertTrue(started["ok"], started)
        session = started["results"][0]["session"]

        units = harness.access_units(harness.clip("baseline", frames=10))
        await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
        stop = asyncio.create_task(caller.call("capture.stop", {"cameras": ["door"]}))
        await camera.command("stop_capture")
        await camera.capture_stopped()
        stopped = (await stop)["result"]
        self.assertEqual(stopped["results"][0]["session"], session)

        seen = []
        while not seen or seen[-1]["type"] != "session.finished":
            note = await listener.receive()
            self.assertEqual(note["method"], "event")
            seen.append(note["params"])
        # The folder is made by a writer thread: it may be there before or after the camera's own event.
        types = [event["type"] for event in seen]
        self.assertCountEqual(types[:2], ["camera.started", "session.opened"])
        self.assertEqual(types[2:], ["camera.stopped", "session.finished"])
        ids = [event["id"] for event in seen]
        self.assertEqual(ids, sorted(ids))
        recording = await caller.call("recordings.get", {"id": session})
        self.assertEqual(recording["result"]["camera"], "door")
        self.assertEqual(recording["result"]["state"], "done")

    async def test_both_doors_give_the_same_results(self):
        server = self.start_streamd()
        rpc = await self.connect(server)
        for method, path in (("cameras.list", "cameras"), ("recordings.list", "recordings")):
            self.assertEqual((await rpc.call(method))["result"], server.http("GET", f"/api/v1/{path}").json)
        refused = (await rpc.call("capture.start", {}))["error"]
        self.assertEqual(refused["data"]["code"],
                         server.http("POST", "/api/v1/capture/start").json["error"]["code"])

    async def test_names_what_is_wrong(self):
        server = self.start_streamd()
        rpc = await self.connect(server)
        self.assertEqual((await rpc.call("no.such"))["error"]["code"], -32601)
        wrong = (await rpc.call("capture.start", {"fps": "many"}))["error"]
        self.assertEqual((wrong["code"], wrong["data"]["field"]), (-32602, "fps"))
        self.assertEqual((await rpc.call("cameras.get"))["error"]["data"]["field"], "name")
        self.assertEqual((await rpc.call("events.subscribe", {"types": ["nonsense"]}))["error"]["data"]["field"],
                         "types")
        for text, code in (("{", -32700), ("[1", -32700), ("[]", -32600), ('{"id":1}', -32600),
                           ("1", -32600), ('"x"', -32600), ("null", -32600), ("true", -32600),
                           ('{"jsonrpc":"2.0","id":true,"method":"cameras.list"}', -32600)):
            await rpc.socket.send(text)
            self.assertEqual((await rpc.receive())["error"]["code"], code, text)
        await rpc.socket.send('{"jsonrpc":"2.0","id":18446744073709551615,"method":"cameras.list"}')
        self.assertEqual((await rpc.receive())["id"], 18446744073709551615)
        await rpc.socket.send('[{"jsonrpc":"2.0","id":8,"method":"cameras.list"},{"jsonrpc":"2.0","method":"x"}]')
        self.assertEqual([answer["id"] for answer in await rpc.receive()], [8])

    async def test_takes_each_parameter_as_its_own_type_alone(self):
        server = self.start_streamd()
        rpc = await self.connect(server)
        for method, params in (("cameras.get", {"name": 5}), ("cameras.get", {"name": True}),
                               ("recordings.list", {"limit": "2"}), ("recordings.list", {"take": 7}),
                               ("events.list", {"since": "1"}), ("viewers.kick", {"id": "1"})):
            error = (await rpc.call(method, params))["error"]
            self.assertEqual((error["code"], error["data"]["field"]), (-32602, *params), error)
            self.assertRegex(error["message"], r"^\w+: expected a (string|whole number), got ")
        for method, params in (("recordings.list", {"limit": 2, "take": "7"}), ("events.list", {"since": 1})):
            self.assertIn("items", (await rpc.call(method, params))["result"])
        # A path and a query are text: nothing has changed there.
        self.assertEqual(server.http("GET", "/api/v1/recordings?limit=2&take=7").status, 200)
        self.assertEqual(server.http("GET", "/api/v1/events?since=1").status, 200)
        self.assertEqual(server.http("GET", "/api/v1/cameras/5").status, 404)

    async def test_a_body_that_is_no_object_is_400(self):
        server = self.start_streamd()
        json_type = {"Content-Type": "application/json"}
        for body, got in ((b"5", "a whole number"), (b"null", "null"), (b'"x"', "a string"), (b"[]", "a list")):
            refused = server.http("POST", "/api/v1/capture/start", body, json_type)
            self.assertEqual((refused.status, refused.json["error"]["message"]),
                             (400, f"JSON: expected an object, got {got}"))

    async def test_refuses_a_page_from_elsewhere(self):
        server = self.start_streamd()
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            await websockets.connect(f"{server.ws_url}/control", origin="http://evil.example")
        self.assertEqual(refused.exception.status_code, 403)

    async def test_a_binary_message_ends_the_connection(self):
        server = self.start_streamd()
        rpc = await self.connect(server)
        await rpc.socket.send(b"\0")
        with self.assertRaises(websockets.ConnectionClosed):
            await rpc.receive()
        self.assertEqual(rpc.socket.close_code, 1003)

    async def test_the_event_stream_resumes_after_the_last_event_seen(self):
        server = self.start_streamd()
        for name in ("a", "b"):
            camera = harness.Camera(server, name)
            await camera.connect()
            self.addAsyncCleanup(camera.close)
            await server.wait_cameras(name)
        first = await asyncio.to_thread(self.read_events, server, 2, {})
        self.assertEqual([event["type"] for event in first], ["camera.connected", "camera.ready"])
        rest = await asyncio.to_thread(self.read_events, server, 2, {"Last-Event-ID": str(first[-1]["id"])})
        self.assertEqual([(event["type"], event["camera"]) for event in rest],
                         [("camera.connected", "b"), ("camera.ready", "b")])
        only = await asyncio.to_thread(self.read_events, server, 2, {}, "?since=0&type=camera.ready")
        self.assertEqual([event["camera"] for event in only], ["a", "b"])

    def read_events(self, server, count, headers, query="?since=0"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v1/events" + query, headers={"Accept": "text/event-stream", **headers})
        answer = connection.getresponse()
        self.assertEqual(answer.getheader("Content-Type"), "text/event-stream")
        events, fields = [], {}
        while len(events) < count:
            line = answer.readline().decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            event = json.loads(fields["data"])
            self.assertEqual((str(event["id"]), event["type"]), (fields["id"], fields["event"]))
            events.append(event)
            fields = {}
        return events


if __name__ == "__main__":
    harness.main()
