"""The commands, by namespace. Each module has its own; see `./inv --list`."""

from invoke.collection import Collection

from aspects.tasks import assets, courses, data, dbt, dev, images, logs, quality, users, vector, warehouse

namespace = Collection.from_module(quality)
for name, module in {
    "dev": dev,
    "data": data,
    "assets": assets,
    "courses": courses,
    "dbt": dbt,
    "images": images,
    "logs": logs,
    "users": users,
    "vector": vector,
    "warehouse": warehouse,
}.items():
    namespace.add_collection(Collection.from_module(module), name=name)
