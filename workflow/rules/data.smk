# Contexts, and the trajectories that encoders are pretrained on.


rule sample_contexts:
    input:
        code=code("sample_contexts"),
    output:
        contexts="results/{study}/{benchmark}/contexts/{part}.parquet",
    log:
        "results/{study}/logs/sample_contexts/{benchmark}/{part}.log",
    benchmark:
        "results/{study}/benchmarks/sample_contexts/{benchmark}/{part}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        spec=spec("sample_contexts"),
    shell:
        "python -m meta_rl.steps.sample_contexts --spec {params.spec:q}"
        " --contexts {output.contexts} 2>&1 | tee {log}"


rule collect_trajectories:
    input:
        contexts="results/{study}/{benchmark}/contexts/{part}.parquet",
        generator=generator,
        code=code("collect_trajectories"),
    output:
        trajectories="results/{study}/{benchmark}/{agent}/{method}/{block}/trajectories/{part}.parquet",
    log:
        "results/{study}/logs/collect_trajectories/{benchmark}/{agent}/{method}/{block}/{part}.log",
    benchmark:
        "results/{study}/benchmarks/collect_trajectories/{benchmark}/{agent}/{method}/{block}/{part}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("collect_trajectories"),
        runtime=runtime("collect_trajectories"),
    params:
        spec=spec("collect_trajectories"),
    shell:
        "python -m meta_rl.steps.collect_trajectories --contexts {input.contexts} --generator {input.generator}"
        " --spec {params.spec:q} --trajectories {output.trajectories} 2>&1 | tee {log}"
