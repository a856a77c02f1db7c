# Contexts, and the trajectories that encoders are pretrained on.


rule sample_contexts:
    input:
        job("sample_contexts"),
    output:
        contexts="results/{study}/{benchmark}/contexts/{part}.parquet",
    log:
        "results/{study}/logs/sample_contexts/{benchmark}/{part}.log",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m meta_rl.study.attempt {log} sample_contexts --job {input.job} --contexts {output.contexts}"


rule collect_trajectories:
    input:
        job("collect_trajectories"),
        contexts="results/{study}/{benchmark}/contexts/{part}.parquet",
        generator=generator,
    output:
        trajectories="results/{study}/{benchmark}/{agent}/{method}/{block}/trajectories/{part}.parquet",
    log:
        "results/{study}/logs/collect_trajectories/{benchmark}/{agent}/{method}/{block}/{part}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("collect_trajectories"),
        runtime=runtime("collect_trajectories"),
    shell:
        "python -m meta_rl.study.attempt {log} collect_trajectories --job {input.job}"
        " --contexts {input.contexts} --generator {input.generator} --trajectories {output.trajectories}"
