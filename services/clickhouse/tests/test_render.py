"""Configuration for a real server. The engine itself reads it, as far as a database without network can."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from .conftest import SERVICE, USERS, password

READ = """
import sys
sys.modules["pyarrow"] = None
import chdb
connection = chdb.connect(sys.argv[1] + "?config-file=" + sys.argv[2])
print(connection.query("select groupArray(name) from (select name from system.users order by name)", "TSVRaw"), end="")
for user in sys.argv[3:]:
    query = f"select access_type, database from system.grants where user_name = '{user}' order by all"
    print(connection.query(query, "CSV"))
"""


def test_real_server_gets_the_same_users(tmp_path: Path) -> None:
    environment = {**os.environ, **{f"CLICKHOUSE_{user.upper()}_PASSWORD": password(user) for user in USERS}}
    command = [
        sys.executable,
        "-m",
        "embedded_clickhouse.render",
        "--path",
        str(tmp_path / "data"),
        "--into",
        str(tmp_path),
    ]
    subprocess.run([*command, "--users", str(SERVICE / "users.yaml")], cwd=SERVICE, env=environment, check=True)
    users, config = (ElementTree.parse(tmp_path / name).getroot() for name in ("users.xml", "config.xml"))
    assert [user.tag for user in users.find("users") or ()] == list(USERS)
    assert config.findtext("http_port") == "8123"
    text = (tmp_path / "users.xml").read_text()
    assert not any(password(user) in text for user in USERS)
    assert (tmp_path / "users.xml").stat().st_mode & 0o077 == 0

    # The same users.xml with the engine's own user added: it has to load, and to mean the same.
    networks = "<networks><ip>::/0</ip></networks>"
    default = f"<default><password></password>{networks}<access_management>1</access_management></default>"
    (tmp_path / "users.xml").write_text(text.replace("<users>", f"<users>{default}", 1))
    (tmp_path / "chdb.xml").write_text(f"<clickhouse><users_config>{tmp_path}/users.xml</users_config></clickhouse>")
    read = [sys.executable, "-c", READ, str(tmp_path / "database"), str(tmp_path / "chdb.xml"), "report", "lrs"]
    found = subprocess.run(read, capture_output=True, text=True, check=True).stdout
    assert found.startswith("['admin','dbt','default','lrs','privacy','report','retention','sink','usage']\n")
    assert '"SELECT","reporting"' in found
    assert '"INSERT","xapi"' in found
    assert '"INSERT","reporting"' not in found
