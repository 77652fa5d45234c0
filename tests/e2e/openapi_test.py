"""docs/openapi.json against the running server: the document is a valid one, and every operation it names
answers with what it says, judged by python3-jsonschema; and the document against the rules of @redocly/cli."""

import asyncio
import json
import os
import pathlib
import shutil
import unittest

import harness

try:
    import jsonschema
except ImportError:
    jsonschema = None

DOCUMENT = json.loads((harness.ROOT / "docs/openapi.json").read_text())
METHODS = {"get", "post", "delete", "patch"}
# Operations whose good answer needs what this scenario does not have: a publisher, a viewer, a source.
REFUSED_HERE = {"streams.kick", "streams.snapshot", "viewers.kick", "sources.restart", "hooks.replay", "tokens.revoke", "statistics.stream", "statistics.record", "statistics.deleteRecord", "statistics.recordFile"}
# Of a camera that names itself; of a target that is not configured; without a secret.
REFUSED_TOO = {"cameras.rename", "recordings.delete", "hooks.test", "sign"}
# Of a server that makes its own certificates (tls_auto_test.py).
NOT_MADE_HERE = {"authority.page", "authority.der", "authority.pem"}


def operations():
    """(operationId, method, path template, operation)."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield operation["operationId"], method, path, operation


@unittest.skipUnless(jsonschema, "NOT TESTED: python3-jsonschema is not installed")
class OpenApi(harness.Case):
    def validate(self, value, schema, what):
        resolver = jsonschema.RefResolver.from_schema(DOCUMENT)
        validator = jsonschema.Draft202012Validator(
            schema, resolver=resolver, format_checker=jsonschema.FormatChecker()
        )
        errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(value)]
        self.assertEqual(errors, [], f"{what}: {json.dumps(value)[:1000]}")

    def resolved(self, value):
        while "$ref" in value:
            *_, kind, of = value["$ref"].split("/")
            value = DOCUMENT["components"][kind][of]
        return value

    def schemas_in(self, value):
        """Every schema object of the document, wherever it stands."""
        if isinstance(value, dict):
            for name, member in value.items():
                if name == "schema":
                    yield member
                yield from self.schemas_in(member)
        elif isinstance(value, list):
            for member in value:
                yield from self.schemas_in(member)

    def references_in(self, value):
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for member in value.values():
                yield from self.references_in(member)
        elif isinstance(value, list):
            for member in value:
                yield from self.references_in(member)

    def test_the_document_keeps_the_rules_of_openapi(self):
        self.assertRegex(DOCUMENT["openapi"], r"^3\.1\.\d+$")
        self.assertTrue(DOCUMENT["info"]["title"] and DOCUMENT["info"]["version"])
        components = DOCUMENT["components"]["schemas"]
        for schema in [*components.values(), *self.schemas_in(DOCUMENT["paths"])]:
            jsonschema.Draft202012Validator.check_schema(schema)
        for reference in self.references_in(DOCUMENT):
            *_, kind, of = reference.split("/")
            self.assertIn(of, DOCUMENT["components"][kind], reference)
        ids = [name for name, *_ in operations()]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertGreater(len(ids), 10)
        for name, method, path, operation in operations():
            self.assertIn(method, METHODS)
            in_path = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            self.assertEqual(in_path, {part[1:-1] for part in path.split("/") if part.startswith("{")}, name)
            self.assertTrue(all(p["required"] for p in operation.get("parameters", []) if p["in"] == "path"))
            statuses = set(operation["responses"])
            self.assertIn("200", statuses)
            self.assertIn("400", statuses, name)
            if operation.get("security", DOCUMENT["security"]):
                self.assertLessEqual({"401", "403"}, statuses, name)

    async def call(self, server, name, method, template, operation, arguments, body, query=""):
        """One request as the document says; (status, JSON) checked against it."""
        path = template
        for key, value in arguments.items():
            path = path.replace("{" + key + "}", value)
        if body is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            self.validate(body, schema, f"{name}: our own request")
        answer = await server.api(method.upper(), path + query, body)
        self.assertIn(str(answer.status), operation["responses"], f"{name}: {answer}")
        content = self.resolved(operation["responses"][str(answer.status)])["content"]
        kind = answer.headers["Content-Type"].split(";")[0]
        self.assertIn(kind, content, f"{name}: {answer}")
        if kind == "application/json":
            self.validate(answer.json, content[kind]["schema"], f"{name} {answer.status}")
        return answer

    async def test_every_operation_answers_as_the_document_says(self):
        server = self.start_streamd()
        units = harness.access_units(harness.clip("baseline", frames=30))
        by_name = {name: rest for name, *rest in operations()}
        called = {}

        async def call(name, arguments=None, body=None, query=""):
            answer = await self.call(server, name, *by_name[name], arguments or {}, body, query)
            called[name] = answer.status
            return answer

        await call("capture.start", body={})
        self.assertEqual(called["capture.start"], 409)
        await call("capture.start", body={"cameras": ["nobody"]})
        self.assertEqual(called["capture.start"], 404)
        async with harness.Camera(server, "door") as camera:
            await server.wait_cameras("door")
            for unknown in ({"fps": -1}, {"fps": "many"}, {"colour": "red"}, {"cameras": []}):
                answer = await server.api("POST", "/api/v1/capture/start", unknown)
                self.assertEqual(answer.status, 400)
                self.validate(answer.json, {"$ref": "#/components/schemas/Error"}, unknown)
            await call("capture.preview", body={"wait": False, "client": "kim@desk"})
            await camera.command("start_capture")
            stopping = asyncio.create_task(call("capture.preview", body={"stop": True}))
            await camera.command("stop_capture")
            await camera.capture_stopped()
            await stopping
            await call("cameras.rename", {"name": "door"}, {"name": "gate"})
            self.assertEqual(called["cameras.rename"], 409)
            starting = asyncio.create_task(
                call("capture.start", body={"fps": 30, "take": "t", "resolution": {"width": 640, "height": 480}})
            )
            await camera.command("start_capture")
            await camera.capture_started()
            await starting
            await camera.send_frames([(1000 + 33 * i, unit) for i, unit in enumerate(units)])
            await server.wait_frames("door", len(units))
            await call("capture.start", body={"wait": False})
            for name in ("cameras.list", "streams.list", "viewers.list", "sources.list", "hooks.list", "hooks.failed", "tokens.list"):
                await call(name)
            await call("cameras.get", {"name": "door"})
            await call("streams.get", {"app": "camera", "name": "door"})
            await call("record.start", {"app": "camera", "name": "door"}, {"tracks": "video", "client": "kim@desk"})
            for name in ("record.list", "record.stop_all"):
                await call(name)
            await call("record.start", {"app": "camera", "name": "other"}, {})
            self.assertEqual(called["record.start"], 404)
            harness.wait_for(lambda: not server.http("GET", "/api/v1/records").json["items"], "it has stopped")
            await call("record.start", {"app": "camera", "name": "door"}, {"format": "flv"})
            await call("record.stop", {"app": "camera", "name": "door"})
            harness.wait_for(lambda: not server.http("GET", "/api/v1/records").json["items"], "it has stopped again")
            await harness.async_wait_for(lambda: not list(server.recordings.rglob("*.open")), "its files are finished")
            segments = (await call("record.segments", {"app": "camera", "name": "door"})).json["items"]
            self.assertTrue(segments)
            for segment in segments:
                await call("record.segment", {"app": "camera", "name": "door", "file": segment["name"]})
            await call("record.delete_segment", {"app": "camera", "name": "door", "file": segments[0]["name"]})
            await call("recordings.list")
            for name in sorted(REFUSED_HERE):
                await call(name, {"app": "live", "name": "nothing", "id": "4711", "file": "x.mp4"})
                self.assertNotEqual(called[name], 200, name)
            await call("hooks.test", body={"url": "https://nowhere.example/"})
            self.assertEqual(called["hooks.test"], 404)
            await call("tokens.new", body={"name": "tv", "roles": ["play"]})
            await call("tokens.list")
            await call("sign", body={"url": "/live/x", "role": "play", "expires_s": 60})
            self.assertEqual(called["sign"], 409)
            stopping = asyncio.create_task(call("capture.stop", body={}))
            await camera.command("stop_capture")
            await camera.capture_stopped()
            (result,) = (await stopping).json["results"]
            await call("recordings.get", {"id": result["session"]})
            await call("recordings.keep", {"id": result["session"]}, body={"keep": True})
            await call("recordings.keep", {"id": result["session"]}, body={"keep": False})
            await call("takes.list")
            await call("takes.get", {"name": "t"})
            await call("takes.judge", {"name": "t"}, body={"verdict": "check", "about": "kim: ", "why": ["look"]})
            await call("recordings.file", {"id": result["session"], "name": "stream.mp4"})
            door = {"app": "camera", "name": "door"}
            span = next(one for one in (await call("archive.list", door)).json["items"] if one["ready"])
            await call("archive.movie", door, query=f"?start={span['start']}&duration=0.5")
            await call("archive.picture", door, query=f"?at={span['start']}")
            await call("server.healthz")
            await call("server.readyz")
            for name in ("server", "streams", "dashboard", "health", "records"):
                await call(f"statistics.{name}")
            await call("server.metrics")
            for name in ("events.list", "server.status", "server.config", "server.reload"):
                await call(name)
            link = await call("login.link")
            await call("login.open", body={"once": link.json["once"]})
            await call("login.rights")
            await call("login.close", body={})
            for name in sorted(NOT_MADE_HERE):
                await call(name)
                self.assertEqual(called[name], 404)
            await call("cameras.kick", {"name": "door"})
            await call("takes.delete", {"name": "t"})
            await call("recordings.delete", {"id": result["session"]})
            self.assertEqual(called["recordings.delete"], 404, "it went with its take")
            await call("recordings.list")
        self.assertEqual(set(called), set(by_name), "every operation of the document")
        refused = {name for name, status in called.items() if status != 200}
        # A program that is run without anything to reload says so (503); its answer was checked above.
        self.assertIn(called["server.reload"], (200, 503))
        self.assertEqual(refused - {"server.reload"}, REFUSED_HERE | REFUSED_TOO | NOT_MADE_HERE)


    async def test_every_operation_is_refused_as_the_document_says(self):
        server = self.start_streamd(config={"auth": {"control": "local"}})
        arguments = {"app": "live", "name": "nothing", "id": "4711", "file": "x.mp4"}
        for name, method, path, operation in operations():
            with self.subTest(name):
                answer = await self.call(server, name, method, path, operation, arguments, None)
                open_status = 404 if name in NOT_MADE_HERE else 200
                self.assertEqual(answer.status, open_status if operation.get("security") == [] else 401)
        answer = server.http("GET", "/api/v1/status", headers={"Host": "evil.example"})
        self.assertEqual(answer.status, 403)
        self.validate(answer.json, {"$ref": "#/components/schemas/Error"}, "a foreign Host")

    def test_redocly_finds_no_fault_with_the_document(self):
        places = [os.environ.get("ST_NODE_MODULES"), harness.ROOT / "build/node_modules"]
        found = [pathlib.Path(place) / ".bin/redocly" for place in places if place]
        program = next((path for path in found if path.exists()), None) or shutil.which("redocly")
        if not program:
            self.skipTest("NOT TESTED: @redocly/cli is not installed (./dev check does)")
        env = {**os.environ, "REDOCLY_TELEMETRY": "off", "HOME": str(self.folder)}
        harness.run([program, "lint", "--extends", "recommended", harness.ROOT / "docs/openapi.json"], env=env)


if __name__ == "__main__":
    harness.main()
