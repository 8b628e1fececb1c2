"""The rows, a module for each family of models; their order is that of `unstill models list`."""

from unstill.engines.pipelines.estimate import with_memory
from unstill.engines.pipelines.row import Row
from unstill.engines.pipelines.rows import cogvideox, hunyuan, kandinsky, ltx, ltx2, skyreels, svd, wan

ROWS: tuple[Row, ...] = tuple(
    with_memory(row)
    for module in (wan, ltx2, hunyuan, ltx, kandinsky, skyreels, cogvideox, svd)
    for row in module.ROWS
)
