"""A web page on this machine: upload snapshots, watch the diagnosis, read and download the report.

`app` has the routes, `security` decides who may use them, `uploads` writes what a browser sends to the disk,
`jobs` runs diagnoses one after the other, each in a process of the `workers` that runs one of the `tasks`,
and `cases` keeps the results in the layout of a batch. Only the tasks read evidence or load the pipeline: the
process that answers the browser stays small.
"""
