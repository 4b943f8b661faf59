"""A life of a service by the Docker SDK for Python, as it comes: argv is the API's socket, and what to do."""
import json
import sys
import time

import docker

client = docker.DockerClient(base_url="unix://" + sys.argv[1], version="auto")


def until(probe):
    for _ in range(300):
        if probe():
            return
        time.sleep(0.1)
    raise SystemExit("it did not come to pass")


def running(service):
    return [t for t in service.tasks({"desired-state": "running"}) if t["Status"]["State"] == "running"]


def story():
    told = {}
    secret = client.secrets.create(name="key", data=b"secret", labels={"a": "b"})
    config = client.configs.create(name="settings", data=b"x=1")
    service = client.services.create(
        "shoal-busybox:1",
        command=["sleep", "1000"],
        name="snake",
        labels={"of": "python"},
        env=["A=1"],
        mode=docker.types.ServiceMode("replicated", 2),
        secrets=[docker.types.SecretReference(secret.id, "key")],
        configs=[docker.types.ConfigReference(config.id, "settings")],
        update_config=docker.types.UpdateConfig(parallelism=2, order="start-first"),
        endpoint_spec=docker.types.EndpointSpec(ports={18080: 8080}),
    )
    until(lambda: len(running(service)) == 2)
    told["listed"] = [s.name for s in client.services.list(filters={"label": ["of=python"]})]
    service.scale(3)
    until(lambda: len(running(service)) == 3)
    service.reload()
    told["replicas"] = service.attrs["Spec"]["Mode"]["Replicated"]["Replicas"]
    told["ports"] = service.attrs["Endpoint"]["Ports"][0]["PublishedPort"]
    service.update(image="shoal-busybox:2", fetch_current_spec=True)
    until(lambda: {t["Spec"]["ContainerSpec"]["Image"] for t in running(service)} == {"shoal-busybox:2"})
    service.reload()
    told["state"] = service.attrs["UpdateStatus"]["State"]
    service.force_update()
    told["nodes"] = sorted(n.attrs["Spec"]["Role"] for n in client.nodes.list())
    worker = client.nodes.list(filters={"role": "worker"})[0]
    worker.update({"Availability": "drain", "Role": "worker", "Labels": {"zone": "west"}})
    worker.reload()
    told["availability"] = worker.attrs["Spec"]["Availability"]
    client.swarm.reload()
    told["swarm"] = client.swarm.attrs["Spec"]["Name"]
    service.remove()
    until(lambda: client.services.list() == [])
    secret.remove()
    config.remove()
    try:
        client.services.get("snake")
    except docker.errors.NotFound as error:
        told["gone"] = error.explanation
    return told


def logs():
    lines = client.services.get("web").logs(stdout=True, stderr=True)
    return sorted(line.decode() for chunk in lines for line in [chunk])


print(json.dumps({"story": story, "logs": logs}[sys.argv[2]]()))
